"""What a process has imported before a trial, and what the trial must import anew."""

from __future__ import annotations

import ast
import contextlib
import importlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

OURS = frozenset({"config", "console", "docs", "pipeline", "sandbox", "schedules", "tasks", "tests"})


def import_all_of(files: Iterable[Path]) -> None:
    """Import what these files import. What cannot be, or is no module but something in one, is left to them."""
    for name in sorted({name for file in files for name in _imported(file)}):
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)


def forget(module: str) -> None:
    """Take a module, and all of ours that import it, out of what has been imported.

    A module that stays has no name of one that goes: both are told by the imports in their sources.
    """
    for name in _dependents(module):
        sys.modules.pop(name, None)
        package, _, own = name.rpartition(".")
        if package in sys.modules:
            vars(sys.modules[package]).pop(own, None)


def _dependents(module: str) -> set[str]:
    imports = {name: _imported(path) for name, path in _our_files()}
    found: set[str] = set()
    new = {module}
    while new:
        found |= new
        new = {name for name, imported in imports.items() if name not in found and imported & found}
    return found


def _our_files() -> Iterator[tuple[str, Path]]:
    for name, module in sys.modules.items():
        path = getattr(module, "__file__", None)
        if path and name.partition(".")[0] in OURS:
            yield name, Path(path)


def _imported(file: Path) -> set[str]:
    """The names of the modules that a file may import, those in its functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names
