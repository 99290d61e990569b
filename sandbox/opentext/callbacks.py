"""Sends what HTTP tasks send. Redirects are never followed; an ignored failure is counted, not hidden."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence

import requests

from sandbox.opentext.errors import broken
from sandbox.opentext.machine import HttpCall
from sandbox.opentext.options import Options

UNDER_WAY = "under way"
_FIRST_FAILURE = 400


class Callbacks:
    """The outgoing requests of one sandbox."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.outcomes: Counter[str] = Counter()
        self._under_way = 0
        self._http = requests.Session()
        # Call-backs go where the model says, not to whatever proxy the environment names.
        self._http.trust_env = False

    async def send_all(self, calls: Iterable[HttpCall]) -> None:
        """Send one after the other. Raises Refusal for a failure that the model does not ignore."""
        for call in calls:
            outcome = await asyncio.to_thread(self._send, call)
            self.outcomes[outcome] += 1
            if not outcome.startswith("answered") and call.fields.get("ignoreException") != "true":
                raise broken(f"HTTP task {call.activity_id}: {outcome}")

    def put_off(self, calls: Sequence[HttpCall]) -> Coroutine[None, None, None]:
        """What sends them after the configured delay; until then they count as under way."""
        self._under_way += len(calls)
        return self._send_later(calls)

    def as_json(self) -> dict[str, int]:
        """How call-backs fared, and how many are still to be sent."""
        return {**self.outcomes, **({UNDER_WAY: self._under_way} if self._under_way else {})}

    async def _send_later(self, calls: Sequence[HttpCall]) -> None:
        """The command is over, so every failure is only counted."""
        await asyncio.sleep(self._options.callback_delay_s)
        for call in calls:
            outcome = await asyncio.to_thread(self._send, call)
            self.outcomes[outcome] += 1
            self._under_way -= 1

    def _send(self, call: HttpCall) -> str:
        fields = call.fields
        wait_s = int(fields.get("requestTimeout") or 0) / 1000 or self._options.callback_timeout_s
        try:
            answer = self._http.request(
                fields.get("requestMethod", "GET"),
                fields.get("requestUrl", ""),
                headers=_headers(fields.get("requestHeaders", ""), fields.get("requestSecureHeaders", "")),
                data=fields.get("requestBody", "").encode(),
                timeout=wait_s,
                allow_redirects=False,
            )
        except requests.RequestException as err:
            return f"failed: {type(err).__name__}"
        if answer.status_code >= _FIRST_FAILURE:
            return f"refused: {answer.status_code}"
        return f"answered: {answer.status_code}"


def _headers(*texts: str) -> dict[str, str]:
    """Headers of the model's form: one `Name: value` per line."""
    lines = [line for text in texts for line in text.splitlines() if ":" in line]
    return {name.strip(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
