"""One demo from start to verdict: the installation, the people, the dead letter, and what both sandboxes say."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.demo_http import Pace
from console.demo_marketers import Marketers, Reviewers
from console.demo_play import Stage
from console.demo_reading import Reader
from console.demo_repair import Operator, letters
from console.demo_scenario import PACE, Brief, people
from console.demo_settings import BUDGETS_PER_S, DRAFTING_PER_S, MARKETERS_PER_S, overrides
from console.demo_show import Screen
from console.demo_summary import calls_of, summary
from console.demo_verdict import disagreements
from console.demo_waits import Waits
from console.embedded_plan import Wishes
from console.supervisor import Installation

LIMIT_S = 120.0
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


def start(folder: Path, briefs: Sequence[Brief], held: ExitStack) -> Running:
    """Starts everything in a folder; held stops it, and closes the log that every role writes to.

    Raises what `Installation.start` raises.
    """
    said = overrides(folder)
    log = held.enter_context((folder / LOG_FILE).open("w", encoding="utf-8", buffering=1))
    wishes = Wishes(opentext_options={"people": people(briefs), "pace": PACE})

    def note(role: str, line: str) -> None:
        log.write(f"{role:<16} | {line}\n")

    installation = held.enter_context(Installation.start(said, wishes=wishes, show=note))
    return Running(installation=installation, environ={**said, **installation.environ})


def play(running: Running, briefs: Sequence[Brief], screen: Screen) -> dict[str, Any]:
    """Plays all stories and gives the summary. Raises CommandError, or requests' errors."""
    urls = running.installation.urls
    began = time.monotonic()
    with ExitStack() as held:
        pace = Pace(DRAFTING_PER_S)
        stage = _stage(urls, pace, screen, held)
        waits = Waits(running.installation.settings.database_url)
        held.callback(waits.close)
        stage.write_drafts(briefs)
        pace.per_s = MARKETERS_PER_S
        operator = _operator(stage, running, screen)
        held.callback(operator.stop)
        held.enter_context(screen.open())
        while not (stage.is_over and operator.is_done) and time.monotonic() - began < LIMIT_S:
            if operator.error:
                raise operator.error
            turned_at = time.monotonic()
            stage.turn()
            screen.show(stage.roles, waits.now())
            time.sleep(max(0.0, _TURN_EVERY_S - (time.monotonic() - turned_at)))
        seconds = time.monotonic() - began
    _complain(stage, screen)
    calls = {vendor: calls_of(urls[vendor]) for vendor in BUDGETS_PER_S}
    return summary(stage.roles, letters(running.environ), calls, seconds=seconds)


def _stage(urls: Mapping[str, str], pace: Pace, screen: Screen, held: ExitStack) -> Stage:
    marketers = Marketers(urls["aprimo"], pace)
    held.callback(marketers.close)
    marketers.sign_in()
    reviewers = Reviewers(urls["opentext"], tenant=_TENANT, pace=Pace(_OPENTEXT_READS_PER_S))
    opentext = reviewers.reader()
    held.callback(opentext.close)
    opentext.sign_in()
    return Stage(marketers, reviewers, Reader(marketers.any, opentext), screen.tell)


def _operator(stage: Stage, running: Running, screen: Screen) -> Operator:
    refused = next(role for role in stage.roles if role.brief.has_refusal)
    operator = Operator(running.installation.urls["aprimo"], refused.id, running.environ, screen.tell)
    operator.break_it()
    operator.start()
    return operator


def _complain(stage: Stage, screen: Screen) -> None:
    for role in stage.roles:
        found = disagreements(role.brief, role.seen) if role.seen else ("it was never read",)
        for each in found:
            screen.tell(f"{role.brief.name}: {each}")
