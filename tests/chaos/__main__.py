"""`./run chaos`: plays seeds of faults over a whole installation, and has the outcome judged."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.chaos import report
from tests.chaos.deck import draw
from tests.chaos.report import Section
from tests.chaos.scene import Scene, open_scene
from tests.chaos.seed import play
from tests.chaos.tally import Played, Work, broken, total
from tests.support.databases import BOTH, Postgres

SEEDS_EACH = 5
WITHOUT_FAULTS = 0
"""The seed of the run without faults."""


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
    """Plays seeds on one database, a few on each installation: what people read of the past grows with every seed.

    After a failing seed the next one begins with a new installation.
    """

    def __init__(self, *, database: str, keep: Path | None, is_quiet: bool) -> None:
        self._database = database
        self._keep = keep or Path(tempfile.gettempdir()) / "signoff-chaos"
        self._out = sys.stderr if is_quiet else sys.stdout
        self._yardstick: Work = {}

    def run(self, seeds: Sequence[int]) -> list[Played]:
        """What each seed came to."""
        left, played = list(seeds), []
        with ExitStack() as held:
            server = held.enter_context(_postgres()) if self._database == "postgresql" else None
            while left:
                found = self._on_one_installation(left[:SEEDS_EACH], server)
                played += found
                left = [seed for seed in left if seed not in {each.seed for each in played}]
                if found[-1].seed == WITHOUT_FAULTS:
                    break
        return played

    def _on_one_installation(self, seeds: Sequence[int], server: Postgres | None) -> list[Played]:
        """Play these seeds up to the first that fails; at the very first, a run without faults as the yardstick."""
        folder = Path(tempfile.mkdtemp(prefix="signoff-chaos-"))
        url = server.empty_database().replace("postgresql://", "postgresql+psycopg://", 1) if server else None
        played: list[Played] = []
        with open_scene(folder, url) as scene:
            for seed in seeds if self._yardstick else (WITHOUT_FAULTS, *seeds):
                played.append(self._play(scene, seed))
                if played[-1].violations:
                    break
        self._put_away(folder, played[-1])
        return [each for each in played if each.seed != WITHOUT_FAULTS or each.violations]

    def _play(self, scene: Scene, seed: int) -> Played:
        try:
            if seed == WITHOUT_FAULTS:
                played = play(scene, seed, (), None)
                self._yardstick = played.done
            else:
                played = play(scene, seed, draw(seed, self._database), self._yardstick)
        except Exception as error:  # noqa: BLE001 - Whatever it is, it is that seed's, and the others are played.
            traceback.print_exc(file=self._out)
            played = broken(seed, f"{type(error).__name__}: {error}")
        self._say(f"{self._database} {report.line(played)}")
        return played

    def _put_away(self, folder: Path, failed: Played) -> None:
        if not failed.violations:
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
