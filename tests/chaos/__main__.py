"""`./run chaos`: plays seeds of faults over a whole installation, and has the outcome judged."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.chaos import report
from tests.chaos.deck import draw
from tests.chaos.report import Section
from tests.chaos.scene import open_scene
from tests.chaos.seed import play
from tests.chaos.tally import Played, total
from tests.support.databases import BOTH, Postgres


def main() -> int:
    """0 when every seed held, 1 otherwise."""
    told = _arguments()
    seeds = [told.seed] if told.seed is not None else list(range(1, told.seeds + 1))
    played = Runner(database=told.database, keep=told.keep, is_quiet=told.json).run(seeds)
    if told.report:
        report.write(told.report, Section(database=told.database, played=played))
    if told.json:
        print(json.dumps(asdict(total(played))))
    return 1 if any(each.violations for each in played) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="play the seeds 1 to N, about 20 s each")
    parser.add_argument("--seed", type=int, help="play this one seed again")
    parser.add_argument("--database", choices=BOTH, default="sqlite")
    parser.add_argument("--report", type=Path, help="renew this database's part of a report")
    parser.add_argument("--keep", type=Path, help="a folder for the logs and evidence of failing seeds")
    parser.add_argument("--json", action="store_true", help="print the figures as the last line")
    return parser.parse_args()


class Runner:
    """Plays seeds on one database. After a failing seed the next one begins with a new installation."""

    def __init__(self, *, database: str, keep: Path | None, is_quiet: bool) -> None:
        self._database = database
        self._keep = keep or Path(tempfile.gettempdir()) / "signoff-chaos"
        self._out = sys.stderr if is_quiet else sys.stdout

    def run(self, seeds: Sequence[int]) -> list[Played]:
        """What each seed came to."""
        left, played = list(seeds), []
        with ExitStack() as held:
            server = held.enter_context(_postgres()) if self._database == "postgresql" else None
            while left:
                found = self._until_failure(left, server)
                played += found
                left = left[len(found) :]
        return played

    def _until_failure(self, seeds: Sequence[int], server: Postgres | None) -> list[Played]:
        """Play seeds on one installation up to the first that fails, after a run without faults as the yardstick."""
        folder = Path(tempfile.mkdtemp(prefix="signoff-chaos-"))
        url = server.empty_database().replace("postgresql://", "postgresql+psycopg://", 1) if server else None
        played: list[Played] = []
        with open_scene(folder, url) as scene:
            control = play(scene, 0, (), None)
            self._say(f"{self._database}, without faults: {report.line(control)}")
            played = [control] if control.violations else []
            while not played or not played[-1].violations:
                if len(played) == len(seeds):
                    break
                seed = seeds[len(played)]
                played.append(play(scene, seed, draw(seed, self._database), control.done))
                self._say(report.line(played[-1]))
        self._put_away(folder, played)
        return played

    def _put_away(self, folder: Path, played: Sequence[Played]) -> None:
        failed = next((each for each in played if each.violations), None)
        if failed is None:
            shutil.rmtree(folder)
            return
        kept = self._keep / f"{self._database}-seed-{failed.seed}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder, kept)
        shutil.rmtree(folder)
        for each in report.details(failed):
            self._say(each)
        self._say(f"  play it again: ./run chaos --database {self._database} --seed {failed.seed}")
        self._say(f"  its logs and evidence: {kept}")

    def _say(self, text: str) -> None:
        print(text, file=self._out, flush=True)


@contextmanager
def _postgres() -> Iterator[Postgres]:
    server = Postgres()
    try:
        yield server
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
