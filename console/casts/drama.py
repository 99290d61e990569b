"""Items of a flow and their stories: what people do midway, and how each must end on both sides.

A flow's cast says how an item is written and looked at; everything else is the same for every flow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from console.casts.play import Company, carried
from console.demo_marketers import Reviewers
from console.demo_reading import Process, processes_of
from console.demo_scenario import HOUR_S

_USUAL_S = [4 * HOUR_S, 10 * HOUR_S]


@dataclass(frozen=True, kw_only=True)
class Sight:
    """One item on both sides: what Aprimo shows, by our names, and its processes, oldest first."""

    shown: Mapping[str, str] = field(default_factory=dict)
    processes: tuple[Process, ...] = ()

    @property
    def live(self) -> Process | None:
        """The process that runs."""
        return next((process for process in self.processes if process.is_live), None)

    @property
    def last(self) -> Process | None:
        """The newest process."""
        return self.processes[-1] if self.processes else None


def _never(_: Sight) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Act:
    """What somebody does once it is to be seen; item is its id in Aprimo.

    is_lost: what shows that it was written over; then it is done again, as anybody would. Aprimo takes some objects'
    attributes only as a whole list, so of two who write at the same time one loses.
    """

    when: Callable[[Sight], bool]
    does: Callable[[str, Sight], None]
    says: str
    is_lost: Callable[[Sight], bool] = _never


@dataclass(frozen=True, kw_only=True)
class Story:
    """One item: its name, how it is told to end, and what people do midway."""

    name: str
    outcome: str
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Item:
    """A story on the stage."""

    story: Story
    id: str
    taken: int = 0
    sight: Sight = Sight()


class Cast(Protocol):
    """What differs from flow to flow."""

    @property
    def flow(self) -> str:
        """The flow's name."""

    @property
    def process_key(self) -> str:
        """The key of the flow's process model."""

    @property
    def stories(self) -> tuple[Story, ...]:
        """The items, in the order in which they are written."""

    def write(self, story: Story) -> str:
        """Lets a marketer write the item; its id in Aprimo."""

    def key(self, item: str) -> str:
        """The item's business key; its parts have keys of their own, this one with `#` and the part behind it."""

    def look(self, item: str) -> dict[str, str]:
        """What Aprimo shows of an item."""

    def rules(self) -> list[dict[str, Any]]:
        """What reviewers do of themselves; asked for after everything is written."""

    def wrong(self, story: Story, sight: Sight) -> Iterator[str]:
        """What does not fit, as sentences."""


class Drama:
    """A cast on the stage. Each turn looks at all processes, and at one item in Aprimo that is not over."""

    def __init__(self, cast: Cast, company: Company) -> None:
        self.flow = cast.flow
        self._cast = cast
        self._company = company
        self._items: list[Item] = []
        self._next = 0

    def write(self) -> None:
        """Writes every item."""
        for story in self._cast.stories:
            self._items.append(Item(story=story, id=self._cast.write(story)))
            self._company.tell(f"{story.name}: written")

    def rules(self) -> list[dict[str, Any]]:
        """The flow's reviewers, who answer in no other flow's processes."""
        key = self._cast.process_key
        return [{**rule, "when": {**rule["when"], "process": key}} for rule in self._cast.rules()]

    def turn(self) -> None:
        """Looks, and lets everybody act who sees what they waited for."""
        found = processes_of(self._company.opentext, self._cast.process_key)
        open_ones = [number for number, item in enumerate(self._items) if not self._is_over(item)]
        looked_at = open_ones[self._next % len(open_ones)] if open_ones else -1
        self._next += 1
        for number in open_ones:
            is_looked_at = number == looked_at
            item = self._again(self._seen(number, found, is_looked_at=is_looked_at), is_looked_at=is_looked_at)
            self._items[number] = self._played(item)

    @property
    def is_over(self) -> bool:
        """Whether every story has ended as it must."""
        return all(self._is_over(item) for item in self._items)

    def look_again(self) -> None:
        """Looks at every item once more."""
        found = processes_of(self._company.opentext, self._cast.process_key)
        self._items = [self._seen(number, found, is_looked_at=True) for number in range(len(self._items))]

    def complaints(self) -> list[str]:
        """What does not fit."""
        return [f"{item.story.name}: {each}" for item in self._items for each in self._wrong(item)]

    def figures(self) -> dict[str, Any]:
        """The flow in the summary."""
        each = [self._as_json(item) for item in self._items]
        return {
            "items": len(each),
            "agree": sum(item["agree"] for item in each),
            "outcomes": dict(Counter(item.story.outcome for item in self._items)),
            **carried((item.sight.processes, item.sight.shown.get("comments", "")) for item in self._items),
            "each": each,
        }

    def _seen(self, number: int, found: Mapping[str, tuple[Process, ...]], *, is_looked_at: bool) -> Item:
        item = self._items[number]
        shown = self._cast.look(item.id) if is_looked_at else item.sight.shown
        return replace(item, sight=Sight(shown=shown, processes=_of_item(found, self._cast.key(item.id))))

    def _again(self, item: Item, *, is_looked_at: bool) -> Item:
        """Whoever sees what they did last written over does it again."""
        done = item.story.acts[: item.taken]
        if is_looked_at and done and done[-1].is_lost(item.sight):
            done[-1].does(item.id, item.sight)
            self._company.tell(f"{item.story.name}: {done[-1].says}, again: it was written over")
        return item

    def _played(self, item: Item) -> Item:
        acts = item.story.acts[item.taken :]
        if acts and acts[0].when(item.sight):
            acts[0].does(item.id, item.sight)
            self._company.tell(f"{item.story.name}: {acts[0].says}")
            return replace(item, taken=item.taken + 1)
        if self._is_over(item):
            self._company.tell(f"{item.story.name}: {item.story.outcome.replace('_', ' ')}, both systems agree")
        return item

    def _is_over(self, item: Item) -> bool:
        return not self._wrong(item)

    def _wrong(self, item: Item) -> list[str]:
        if not item.sight.shown:
            return ["it was never read"]
        still = [act.says for act in item.story.acts[item.taken :]]
        return [*(f"nobody came to this yet: {each}" for each in still), *self._cast.wrong(item.story, item.sight)]

    def _as_json(self, item: Item) -> dict[str, Any]:
        found = self._wrong(item)
        return {
            "id": item.id,
            "name": item.story.name,
            "expected": item.story.outcome,
            "aprimo": dict(item.sight.shown),
            "opentext": {"processes": [_process_json(each) for each in item.sight.processes]},
            "agree": not found,
            "disagreements": found,
        }


def is_open(key: str) -> Callable[[Sight], bool]:
    """Whether a task of this key waits in the running process."""
    return lambda sight: sight.live is not None and sight.live.open_task(key) is not None


def is_told(key: str) -> Callable[[Sight], bool]:
    """Whether such a task waits, and Aprimo says so.

    Until then Signoff is about to write the whole list of attributes, and would take what is typed meanwhile away.
    """
    return lambda sight: is_open(key)(sight) and bool(sight.shown.get("message"))


def written_over(name: str, typed: str, *, arrived: Callable[[Sight], bool]) -> Callable[[Sight], bool]:
    """Whether Aprimo shows something else than was typed, and the running process has not got it either."""
    return lambda sight: sight.live is not None and sight.shown.get(name) != typed and not arrived(sight)


def has_comment(text: str) -> Callable[[Sight], bool]:
    """Whether a comment stands in the running process."""
    return lambda sight: sight.live is not None and any(text in comment.text for comment in sight.live.comments)


def answering(
    reviewers: Reviewers, key: str, outcome: str, *, when: Callable[[Sight], bool], comment: str, says: str
) -> Act:
    """Somebody who waited for something answers the open task of a key."""

    def does(_item: str, sight: Sight) -> None:
        task = sight.live.open_task(key) if sight.live else None
        if task is not None:
            reviewers.answer(task, f"{key}.one@example.test", outcome, comment)

    return Act(when=lambda sight: is_open(key)(sight) and when(sight), does=does, says=says)


def wrong_revisions(sight: Sight, wanted: int, *, is_live: bool = False) -> Iterator[str]:
    """Whether each revision has one process: older ones ended with a reason, the last one as it must be."""
    revisions = [process.revision for process in sight.processes]
    if revisions != list(range(1, wanted + 1)):
        yield f"OpenText has processes for the revisions {revisions}, not 1 to {wanted}"
    if any(process.is_live or not process.delete_reason for process in sight.processes[:-1]):
        yield "an older process was not ended with a reason"
    if sight.last and sight.last.is_live is not is_live:
        yield f"the last process is {'still' if sight.last.is_live else 'not'} live"


def wrong_matrix(sight: Sight) -> Iterator[str]:
    """Whether the matrix in Aprimo says of every decided task of the last revision who decided."""
    lines = sight.shown["matrix"].splitlines()
    for task in sight.last.tasks if sight.last else ():
        if task.is_decided and not any(task.assignee in line for line in lines):
            yield f"the matrix does not say what {task.assignee} did"


def wrong_comments(sight: Sight, remark: str) -> Iterator[str]:
    """Whether each comment stands once on the other side; remark: what a marketer wrote, "" for nothing."""
    said = [comment for process in sight.processes for comment in process.comments]
    carried = [comment for comment in said if comment.is_carried and remark in comment.text]
    wanted = 1 if remark else 0
    if len(carried) != wanted:
        yield f"the remark stands {len(carried)} times in OpenText, not {wanted}"
    counts = Counter(comment.text for comment in said if not comment.is_carried)
    for text, times in counts.items():
        found = sight.shown["comments"].count(text)
        if found != times:
            yield f"{text!r} stands {found} times in Aprimo, not {times}"


def wrong_fields(sight: Sight, **wanted: str) -> Iterator[str]:
    """Whether Aprimo shows exactly this."""
    for name, value in wanted.items():
        if sight.shown[name] != value:
            yield f"Aprimo shows {name} {sight.shown[name]!r}, not {value!r}"


def answers(outcome: str, *tasks: str, comment: str = "") -> list[dict[str, Any]]:
    """Rules: whoever is named after a task answers it within some hours, whatever the item."""
    said = {"outcome": outcome, "after_s": _USUAL_S, **({"comment": comment} if comment else {})}
    return [{"when": {"task": task}, "who": f"{task}.one@example.test", **said} for task in tasks]


def _of_item(found: Mapping[str, tuple[Process, ...]], key: str) -> tuple[Process, ...]:
    """The processes of an item and of its parts, oldest first."""
    each = [process for name, rows in found.items() if name.partition("#")[0] == key for process in rows]
    return tuple(sorted(each, key=lambda process: process.started_at))


def _process_json(process: Process) -> dict[str, Any]:
    return {
        "id": process.id,
        "revision": process.revision,
        "is_live": process.is_live,
        "delete_reason": process.delete_reason,
        "decided": {
            f"{task.key} {task.category}".strip(): task.assignee for task in process.tasks if task.is_decided
        },
    }
