"""Which sequence flows of which model the tests have taken."""

from importlib import import_module
from re import sub

from tests.support.model_docs import start_variables
from tests.support.model_walk import Story, path_of, walk
from tests.support.process_model import ModelFile, taken_flows

COUNTED: dict[str, tuple[int, int]] = {}
"""Flows taken and flows there are, by model; filled while the tests run."""


def stories(model: str) -> tuple[Story, ...]:
    """The stories that are told of a model: `tests/support/stories/<model>.py`."""
    name = sub(r"(?<!^)([A-Z])", r"_\1", model).lower()
    told: tuple[Story, ...] = import_module(f"tests.support.stories.{name}").STORIES
    return told


def untaken(model: str) -> list[str]:
    """The flows of a model that no story takes; what was found is counted."""
    taken = set[tuple[str, str]]().union(
        *(taken_flows(walk(model, start_variables(model), story).machine) for story in stories(model))
    )
    flows = ModelFile(path_of(model)).flows()
    missed = [flow.get("id") for flow in flows if (flow.get("sourceRef"), flow.get("targetRef")) not in taken]
    COUNTED[model] = (len(flows) - len(missed), len(flows))
    return missed


def table() -> list[str]:
    """The coverage of models as lines for people."""
    lines = [f"{'Model':<24}{'Flows':>6}{'Taken':>6}{'Cover':>7}"]
    counted = {**COUNTED, "TOTAL": tuple(map(sum, zip(*COUNTED.values(), strict=True)))}
    lines += [
        f"{model:<24}{flows:>6}{taken:>6}{100 * taken // flows:>6}%" for model, (taken, flows) in counted.items()
    ]
    return lines
