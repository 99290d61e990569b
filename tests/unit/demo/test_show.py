"""The demo's table: what each brief's row says while the work moves."""

from dataclasses import replace

from rich.console import Console

from console.demo_play import Role
from console.demo_reading import Item, Seen
from console.demo_scenario import Story
from console.demo_show import Standing, board, table
from tests.support.demo_briefs import NOON, a_brief, a_process, a_task, an_approved_brief


def printed(*roles: Role, waits: dict[str, str] | None = None, width: int = 200) -> list[list[str]]:
    """The rows as a terminal shows them, cell by cell."""
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(table(roles, waits or {}, width=width))
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in capture.get().splitlines()[1:]]


def test_a_brief_on_which_both_systems_agree_says_so() -> None:
    role = Role(brief=a_brief(), id=5012, seen=an_approved_brief())

    assert printed(role) == [
        ["B01 Winter launch", "1", "approved", "approved", "approved", "In production · approved", "yes"]
    ]


def test_an_overdue_review_is_told_from_one_that_waits() -> None:
    lead = a_task("finance_lead", "", ended_at=None)
    open_tasks = [a_task(key, "", ended_at=None, assignee="") for key in ("legal", "finance")]
    process = replace(a_process(a_task("brand"), *open_tasks, lead), ended_at=None)
    item = Item(id=5012, state="Submitted")
    role = Role(brief=a_brief(Story.ESCALATED, slow="finance"), id=5012, seen=Seen(item=item, processes=(process,)))

    assert printed(role) == [
        ["B01 Winter launch", "1", "approved", "waiting", "overdue", "Submitted", "legal, finance, finance_lead"]
    ]


def test_what_signoff_waits_for_comes_before_whom_opentext_waits_for() -> None:
    process = replace(a_process(a_task("brand", "", ended_at=None)), ended_at=None, started_at=NOON)
    role = Role(brief=a_brief(), id=5012, seen=Seen(item=Item(id=5012, state="Submitted"), processes=(process,)))

    assert printed(role, waits={"aprimo:activity:5012": "a person: dead letter"}) == [
        ["B01 Winter launch", "1", "waiting", "Submitted", "a person: dead letter"]
    ]


def test_below_115_columns_revision_and_regions_go_before_the_verdict() -> None:
    seen = an_approved_brief()
    tasks = (*seen.processes[0].tasks, a_task("regional", category="DACH"))
    seen = replace(seen, processes=(replace(seen.processes[0], tasks=tasks),))
    role = Role(brief=a_brief(), id=5012, seen=seen)

    whole = ["B01 Winter launch", "1", "approved", "approved", "approved", "DACH", "In production · approved", "yes"]
    assert printed(role, width=115) == [whole]
    assert printed(role, width=114) == [[cell for cell in whole if cell not in {"1", "DACH"}]]


def test_however_much_the_other_cells_say_the_verdict_is_seen() -> None:
    role = Role(brief=replace(a_brief(), name="A long name of a brief"), id=5012, seen=an_approved_brief())

    ((*_, verdict),) = printed(role, waits={"aprimo:activity:5012": "what another item holds for a while"}, width=80)

    assert verdict == "yes"


def lines_of(roles: list[Role], *, height: int, others: tuple[Standing, ...] = ()) -> list[str]:
    """The whole board on a terminal of that height, its table by its briefs' names."""
    console = Console(width=200, height=height, force_terminal=False)
    with console.capture() as capture:
        console.print(board(roles, {}, others, ["  1.0 s  told"], width=200, height=height))
    return [line.strip().partition("  ")[0] for line in capture.get().splitlines()]


def test_each_other_flow_has_a_line_that_says_what_still_lacks() -> None:
    others = (
        Standing(flow="asset_review", agree=1, items=3, lacks="A2 Product shot: the last process is still live"),
        Standing(flow="localization", agree=3, items=3),
    )

    assert lines_of([], height=40, others=others)[:2] == [
        "asset review: both agree on 1 of 3; A2 Product shot: the last process is still live",
        "localization: both agree on 3 of 3",
    ]


def test_on_a_low_terminal_briefs_that_are_over_are_only_counted() -> None:
    over = [
        Role(brief=replace(a_brief(), name=f"over {number}"), id=number, seen=an_approved_brief())
        for number in (1, 2, 3)
    ]
    live = [Role(brief=replace(a_brief(), name=f"live {number}"), id=number) for number in (4, 5)]

    assert lines_of([*over, *live], height=9) == [
        "Brief",
        "over 1",
        "over 2",
        "over 3",
        "live 4",
        "live 5",
        "1.0 s",
    ]
    assert lines_of([*over, *live], height=7) == [
        "Brief",
        "over 3",
        "live 4",
        "live 5",
        "and 2 more, on which both agree",
        "1.0 s",
    ]
