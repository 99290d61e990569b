"""Failpoints are honoured in a test build alone: a checkout that has its tests beside the packages.

What acts at a failpoint lives with the tests, so an installation has nothing that could be armed; one that is told to
arm it all the same refuses to start, because whoever set that believes something that is not so.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from config.problems import Problem, SettingsError
from config.sources import FAILPOINTS_VARIABLE
from pipeline import failpoints

_ROOT = Path(__file__).resolve().parents[1]
_STRIKES = "tests.chaos.strikes"


def arm_failpoints(environ: Mapping[str, str], *, root: Path = _ROOT) -> None:
    """Arms this process with the orders in the folder that the environment names. Raises SettingsError."""
    if not (root / f"{_STRIKES.replace('.', '/')}.py").is_file():
        reason = (
            "It arms failpoints, which end and disturb processes on purpose, and this is no test build: there are no"
            " tests beside it. Take the variable away."
        )
        raise SettingsError((Problem(names=(FAILPOINTS_VARIABLE,), reason=reason),))
    failpoints.arm(import_module(_STRIKES).striker(Path(environ[FAILPOINTS_VARIABLE])))
