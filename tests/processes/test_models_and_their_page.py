"""docs/processes.md says of every model what it is started with, who answers what, and how it ends."""

import pytest

from sandbox.opentext.models import compile_model
from tests.support.model_docs import documented, section, start_variables, task_rows
from tests.support.model_lint import named_variables
from tests.support.model_walk import MODELS, path_of
from tests.support.process_model import ModelFile


def test_every_model_is_described() -> None:
    assert documented() == set(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_all_that_a_model_names_is_set_at_its_start_or_by_its_own_tasks(model: str) -> None:
    own = {row.outcome for row in task_rows(model)}
    sent = {"escalatedRegion", "escalatedLanguage", "escalatedChannel"}

    unknown = named_variables(ModelFile(path_of(model))) - own - sent - set(start_variables(model))

    assert unknown == set()


@pytest.mark.parametrize("model", MODELS)
def test_the_table_of_tasks_is_the_models(model: str) -> None:
    elements = compile_model(path_of(model).read_bytes(), f"{model}:1:test").document.elements
    found = [
        (
            each.id,
            each.attributes["candidateGroups"],
            each.attributes.get("dueDate", f"${{{each.id}Term}}"),
            tuple(pair.split(":")[1] for pair in each.attributes["possibleoutcomes"].split(",")),
            each.attributes["outcomevariable"],
            elements[f"{each.id}_lead"].attributes["candidateGroups"],
        )
        for each in elements.values()
        if each.kind == "userTask" and not each.id.endswith("_lead")
    ]

    assert found == [
        (
            row.task,
            f"${{{row.group}}}" + (f"${{{row.part_of}[loopCounter]}}" if row.part_of else ""),
            f"${{{row.due}}}",
            row.answers,
            row.outcome,
            f"${{{row.leads}}}",
        )
        for row in task_rows(model)
    ]


@pytest.mark.parametrize("model", MODELS)
def test_every_end_of_a_process_is_named(model: str) -> None:
    (process,) = ModelFile(path_of(model)).all("process")
    described = section(f"`{model}`")

    assert [end.get("id") for end in process.findall("{*}endEvent") if f"`{end.get('id')}`" not in described] == []
