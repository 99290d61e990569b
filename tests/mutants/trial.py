"""One trial: the tests of a module, run in a process of its own in which the module has one change.

The process is a fork of one that has imported whatever does not import the module. It gets the module through an
import hook, and imports anew what imports that. No file is touched.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType
from typing import NoReturn

import pytest

from tests.mutants.changes import Change
from tests.mutants.memory import forget, import_all_of

ROOT = Path(__file__).resolve().parents[2]
_LIBRARIES = ("alembic.command", "hypothesis.strategies", "sqlalchemy.dialects.sqlite")
"""What is imported late, in functions."""
_LOOK_S = 0.01
_NO_SECOND_LIFE = (
    "--quiet",
    "--exitfirst",
    # Rewritten asserts only explain a failure, and nobody reads it.
    "--assert=plain",
    *(
        "-p",
        "no:cacheprovider",
        "-p",
        "_hypothesis_pytestplugin",
        "-p",
        "pytest_timeout",
        "-p",
        "tests.mutants.quick",
    ),
    *("-m", "not long", "-W", "default"),
)


class Fate(Enum):
    """What became of a changed module."""

    KILLED = auto()
    TIMED_OUT = auto()
    """Its tests took so much longer than the unchanged one's that somebody would have looked."""
    SURVIVED = auto()


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A module and the tests that hold it: pytest's arguments, files first."""

    module: str
    tests: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The module's file."""
        return ROOT.joinpath(*self.module.split(".")).with_suffix(".py")

    def files(self) -> Iterator[Path]:
        """The tests' files, and what pytest reads before them."""
        for test in self.tests:
            if test.endswith(".py"):
                yield ROOT / test
                yield from (path for folder in (ROOT / test).parents if (path := folder / "conftest.py").is_file())

    def parsed(self) -> ast.Module:
        """The module's tree, read anew."""
        return ast.parse(self.path.read_text(encoding="utf-8"))


class NotGreenError(Exception):
    """The tests fail, or are none, on the module as it is: they say nothing of a change."""


def import_libraries() -> None:
    """Once, before the first suite's process begins."""
    for name in _LIBRARIES:
        importlib.import_module(name)
    # Looking through every installed package for plugins takes a fifth of a second.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"


def import_around(suite: Suite) -> None:
    """Once in the suite's own process: all that the module and its tests import, but for what imports the module."""
    import_all_of([suite.path, *suite.files()])
    forget(suite.module)
    # A fork's collections pass over what was there before it.
    gc.freeze()


def quiet_s(suite: Suite, folder: Path) -> float:
    """Seconds that the tests take on the module as it is. Raises NotGreenError unless they pass."""
    began = time.monotonic()
    status = _run(suite, suite.parsed(), None, folder, limit_s=600.0)
    if status != pytest.ExitCode.OK:
        raise NotGreenError(f"the tests of {suite.module} end with {status} on the module as it is: {suite.tests}")
    return time.monotonic() - began


def fate_of(change: Change, tree: ast.Module, suite: Suite, folder: Path, *, limit_s: float) -> Fate:
    """What the tests say of one change of this tree. Raises NotGreenError when pytest itself fails."""
    status = _run(suite, tree, change, folder, limit_s=limit_s)
    match status:
        case None:
            return Fate.TIMED_OUT
        case pytest.ExitCode.OK:
            return Fate.SURVIVED
        case pytest.ExitCode.NO_TESTS_COLLECTED:
            raise NotGreenError(f"no test asked for {suite.module}: {suite.tests}")
        case _:
            return Fate.KILLED


def _run(suite: Suite, tree: ast.Module, change: Change | None, folder: Path, *, limit_s: float) -> int | None:
    """Pytest's exit code in a fork; None where it took longer than the limit."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _be_the_trial(suite, tree, change, folder)
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(_LOOK_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def _be_the_trial(suite: Suite, tree: ast.Module, change: Change | None, folder: Path) -> NoReturn:
    status: int = pytest.ExitCode.TESTS_FAILED
    try:
        os.setpgid(0, 0)
        _be_silent()
        if change is not None:
            change.make()
        code = compile(ast.fix_missing_locations(tree), str(suite.path), "exec")
        finder = _Finder(suite.module, str(suite.path), code)
        sys.meta_path.insert(0, finder)
        status = int(pytest.main([*suite.tests, *_NO_SECOND_LIFE, f"--basetemp={folder}", f"--rootdir={ROOT}"]))
        if not finder.is_used:
            status = pytest.ExitCode.NO_TESTS_COLLECTED
    finally:
        # Past everything that the parent has yet to do once.
        os._exit(status)


def _be_silent() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


class _Finder(MetaPathFinder):
    """Finds the changed module, and leaves all others to Python."""

    def __init__(self, module: str, path: str, code: CodeType) -> None:
        self._module = module
        self._loader = _Loader(path, code)
        self.is_used = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        self.is_used = True
        return spec_from_loader(fullname, self._loader)


class _Loader(SourceLoader):
    """The code of a changed tree. The file is shown as it is, so that a traceback has its lines."""

    def __init__(self, path: str, code: CodeType) -> None:
        self._path = path
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code

    def get_filename(self, fullname: str) -> str:
        return self._path

    def get_data(self, path: str) -> bytes:
        return Path(path).read_bytes()
