"""Sends callouts of both kinds in the background, never inside an API request."""

import asyncio
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor

import requests

SENDERS = 8
NO_ANSWER = 0
"""What stands for a status where there was none in time."""


class Courier:
    """Runs deliveries and posts their messages. Used from the event loop only."""

    def __init__(self, name: str) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix=name)
        self._session = requests.Session()
        self._session.trust_env = False

    def run(self, delivery: Coroutine[None, None, None]) -> None:
        """Start a delivery."""
        task = asyncio.get_running_loop().create_task(delivery)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def give_up(self) -> None:
        """End the deliveries under way."""
        for task in self._tasks:
            task.cancel()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float) -> int:
        """Post JSON and give the status of the answer, `NO_ANSWER` where there was none."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._senders, self._post, url, body, headers, timeout_s)

    def _post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> int:
        named = {"content-type": "application/json", **headers}
        try:
            answer = self._session.post(url, data=body, headers=named, timeout=timeout_s, allow_redirects=False)
        except requests.RequestException:
            return NO_ANSWER
        return answer.status_code
