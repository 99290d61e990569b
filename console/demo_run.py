"""One demo from start to verdict: the installation, the people, the dead letter, and what both sandboxes say."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.casts import Choice
from console.casts.briefs import FLOW as BRIEFS
from console.casts.briefs import BriefPlay
from console.casts.play import Company, Play
from console.demo_certificate import with_certificate
from console.demo_http import Pace, admin
from console.demo_marketers import Marketers, Reviewers
from console.demo_repair import Letters, Operator, letters
from console.demo_scenario import PACE
from console.demo_settings import BUDGETS_PER_S, DRAFTING_PER_S, MARKETERS_PER_S, Without, overrides
from console.demo_show import Screen, Standing
from console.demo_summary import REPLAYED, Calls, read_calls, sandbox_calls, summary, traffic_of
from console.demo_waits import Waits
from console.embedded_plan import Wishes
from console.supervisor import Installation
from pipeline.store.pages import SqlPages
from pipeline.store.traffic import Traffic

LIMIT_S = 170.0
"""After this the demo has failed, and says what is missing."""

_TURN_EVERY_S = 1.0
_OPENTEXT_READS_PER_S = 20
_TENANT = "sandbox"
LOG_FILE = "demo.log"


@dataclass(frozen=True, kw_only=True)
class Running:
    """An installation made for the demo. environ is what a command must be told to find it."""

    installation: Installation
    environ: Mapping[str, str]
    without: Without = Without.NOTHING


def start(folder: Path, held: ExitStack, without: Without = Without.NOTHING) -> Running:
    """Starts everything in a folder; held stops it, and closes the log that every role writes to.

    Raises what `Installation.start` raises.
    """
    said = overrides(folder, without)
    log = held.enter_context((folder / LOG_FILE).open("w", encoding="utf-8", buffering=1))
    wishes = Wishes(notices=without is not Without.WEBHOOKS, opentext_options={"pace": PACE})

    def note(role: str, line: str) -> None:
        log.write(f"{role:<16} | {line}\n")

    installation = held.enter_context(Installation.start(said, wishes=wishes, show=note))
    return Running(installation=installation, environ={**said, **installation.environ}, without=without)


def play(running: Running, choice: Choice, screen: Screen) -> dict[str, Any]:
    """Plays all stories and gives the summary. Raises CommandError, or requests' errors."""
    urls = running.installation.urls
    began = time.monotonic()
    with ExitStack() as held:
        pace = Pace(DRAFTING_PER_S)
        company = _company(urls, pace, screen, held)
        pages = SqlPages(running.installation.settings.database_url)
        held.callback(pages.dispose)
        plays = [opening(company) for opening in choice.openings()]
        _begin(plays, urls["opentext"])
        pace.per_s = MARKETERS_PER_S
        operator = _operator(plays, running, screen, held)
        held.enter_context(screen.open())
        while not _is_over(plays, operator) and time.monotonic() - began < LIMIT_S:
            _turn(plays, operator, screen, Waits(pages, BRIEFS))
        seconds = time.monotonic() - began
        is_late = not _is_over(plays, operator)
        for each in plays:
            each.look_again()
        _complain(plays, screen, is_late=is_late)
        traffic = pages.traffic()
    found = _summary(plays, running, traffic, wanted=REPLAYED if operator else Letters(), seconds=seconds)
    return with_certificate(found, running.environ, running.without) if running.without else found


def _company(urls: Mapping[str, str], pace: Pace, screen: Screen, held: ExitStack) -> Company:
    marketers = Marketers(urls["aprimo"], pace)
    held.callback(marketers.close)
    marketers.sign_in()
    reviewers = Reviewers(urls["opentext"], tenant=_TENANT, pace=Pace(_OPENTEXT_READS_PER_S))
    opentext = reviewers.reader()
    held.callback(opentext.close)
    opentext.sign_in()
    return Company(marketers=marketers, reviewers=reviewers, opentext=opentext, tell=screen.tell)


def _begin(plays: Sequence[Play], opentext: str) -> None:
    """Everything is written; then the reviewers are told what they do of themselves."""
    for each in plays:
        each.write()
    rules = [rule for each in plays for rule in each.rules()]
    admin(opentext, "PUT", "people", {"rules": rules, "pace": PACE})


def _operator(plays: Sequence[Play], running: Running, screen: Screen, held: ExitStack) -> Operator | None:
    """Who mends what is refused; None where no play has anything that is."""
    play = next((each for each in plays if isinstance(each, BriefPlay)), None)
    if play is None:
        return None
    operator = Operator(running.installation.urls["aprimo"], play.refused, running.environ, screen.tell)
    held.callback(operator.stop)
    operator.break_it()
    operator.start()
    return operator


def _turn(plays: Sequence[Play], operator: Operator | None, screen: Screen, waits: Waits) -> None:
    """Everybody acts once. Raises what the operator met."""
    if operator and operator.error:
        raise operator.error
    turned_at = time.monotonic()
    for each in plays:
        each.turn()
    briefs = [role for each in plays if isinstance(each, BriefPlay) for role in each.roles]
    screen.show(briefs, waits.now(), [_standing(each) for each in plays if not isinstance(each, BriefPlay)])
    time.sleep(max(0.0, _TURN_EVERY_S - (time.monotonic() - turned_at)))


def _standing(play: Play) -> Standing:
    figures = play.figures()
    return Standing(
        flow=play.flow, agree=figures["agree"], items=figures["items"], lacks=next(iter(play.complaints()), "")
    )


def _is_over(plays: Sequence[Play], operator: Operator | None) -> bool:
    return all(each.is_over for each in plays) and (operator is None or operator.is_done)


def _complain(plays: Sequence[Play], screen: Screen, *, is_late: bool) -> None:
    """Says what is missing. is_late: the work was cut off before its end, so that it need not be a fault."""
    if is_late:
        screen.tell(
            f"{LIMIT_S:g} s are over: a busy machine may need longer, and `--flow NAME` is less work; missing is"
        )
    for each in plays:
        for sentence in each.complaints():
            screen.tell(sentence)


def _summary(
    plays: Sequence[Play], running: Running, traffic: Mapping[str, Traffic], *, wanted: Letters, seconds: float
) -> dict[str, Any]:
    urls = running.installation.urls
    asked = read_calls(urls, running.environ["SIGNOFF_BROKER_URL"])
    flows = {
        each.flow: {**each.figures(), **_work(each.flow, traffic.get(each.flow, Traffic()), asked)} for each in plays
    }
    calls = {vendor: {**sandbox_calls(urls[vendor]), **asked.of_vendor(vendor)} for vendor in BUDGETS_PER_S}
    return summary(flows, letters(running.environ), calls, wanted=wanted, seconds=seconds)


def _work(flow: str, traffic: Traffic, asked: Calls) -> dict[str, Any]:
    """What a flow cost: its events, their writes, and the calls to each vendor that they caused."""
    return {**traffic_of(traffic), "calls": asked.of_flow(flow, events=traffic.events)}
