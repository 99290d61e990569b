"""From a flow's parsed TOML file to its words, with every fault of the file in one error.

What can be said in a file, table by table: docs/flows.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from pipeline import ownership
from pipeline.differences import Cause
from pipeline.flows.policies import HELD
from pipeline.flows.registry import FLOWS, FlowModule
from pipeline.flows.tenant import RECORD, FieldType, FieldWord, FlowWords, ItemWords, Policy, Stakeholder
from pipeline.flows.toml_table import Table
from pipeline.words import Decision, Side

WRITTEN = frozenset({FieldType.TEXT, FieldType.MONEY, FieldType.DATE, FieldType.INTEGER, FieldType.LIST})
"""The types of fields that we write: a user or a currency is read only."""
_HEALABLE = frozenset(Cause) - HELD
"""The causes about which something can be done."""
OUTCOMES = frozenset(Decision) - {Decision.UNKNOWN}
"""What a model's answer may be mapped to: nothing is ever mapped to unknown, which is what is left."""


class FlowWordsError(ValueError):
    """A flow's file has faults; `faults` holds each as `table.key: what (example: …)`."""

    def __init__(self, flow: str, faults: Iterable[str]) -> None:
        self.flow = flow
        self.faults = tuple(faults)
        head = f"The file of flow {flow} is not usable (faults: {len(self.faults)}):"
        super().__init__("\n".join([head, *self.faults]))


def read_words(flow: str, document: Mapping[str, object]) -> FlowWords:
    """The words of a flow. Raises FlowWordsError with all faults, KeyError for a flow that is none."""
    module = FLOWS[flow]
    faults: list[str] = []
    root = Table("", document, faults)
    process = root.table("process")
    of_item = root.table("item")
    approvals_since = of_item.moment("approvals_since", example="2026-03-01")
    item = _item(of_item, root, has_states=bool(module.STATES))
    words = FlowWords(
        flow=flow,
        object_kind=item.kind,
        type_ids=item.type_ids,
        state_wire=item.state_wire,
        link_template=item.link_template,
        process_key=process.text("key", example='"campaignBrief"'),
        states=item.states,
        outcomes=_outcomes(root.table("outcomes"), module.ANSWERS),
        fields=item.fields,
        also=_also(root.table("also", is_optional=True)),
        terms=module.read_terms(root),
        stakeholders=tuple(_stakeholder(each) for each in root.tables("stakeholders")),
        policies=_policies(root.table("policies", is_optional=True)),
        heals=_heals(root.table("heals", is_optional=True)),
        approvals_since=approvals_since,
        currencies=_currencies(root.table("currencies", is_optional=True)),
        people=_texts(root.table("people", is_optional=True), example='"reviewer.one@example.com"'),
    )
    for table in (process, root):
        table.done()
    faults += _contradictions(words, module)
    if faults:
        raise FlowWordsError(flow, faults)
    return words


def _item(table: Table, beside: Table, *, has_states: bool) -> ItemWords:
    """A kind of object; its states and fields are tables beside its own.

    has_states: whether the flow cannot do without them.
    """
    kind = table.text("kind", example='"activity"')
    is_dam = kind == RECORD
    types = table.texts("types", example='["Asset"]') if is_dam else table.integers("types", example="[17]")
    words = ItemWords(
        kind=kind,
        type_ids=frozenset(types),
        state_wire=table.text("state", example='"activityStateId"', default=None if has_states else ""),
        link_template=table.text("link", example='"https://example.aprimo.com/#/activities/{id}"', default=""),
        states=_states(beside.table("states", is_optional=not has_states), is_dam=is_dam),
        fields=_fields(beside.table("fields")),
    )
    if beside is not table:
        table.done()
    return words


def _also(table: Table) -> dict[str, ItemWords]:
    roles = {role: table.table(role) for role in table.names()}
    words = {role: _item(each, each, has_states=False) for role, each in roles.items()}
    for each in roles.values():
        each.done()
    return words


def _states(table: Table, *, is_dam: bool) -> dict[str, int | str]:
    """PM knows a state by its number, the DAM by its option's name."""
    return {
        word: table.text(word, example='"For review"') if is_dam else table.integer(word, example="2")
        for word in table.names()
    }


def _outcomes(table: Table, answers: frozenset[str]) -> dict[str, str]:
    """answers: what an answer may mean in this flow beside a decision."""
    allowed = OUTCOMES | answers
    outcomes = {}
    for raw in table.names():
        word = table.text(raw, example='"approved"')
        if word in allowed:
            outcomes[raw] = word
        elif word:
            table.fault(raw, f"must be one of {', '.join(sorted(allowed))}, not {word!r}", example='"approved"')
    return outcomes


def _fields(table: Table) -> dict[str, FieldWord]:
    return {name: _field(name, table.table(name)) for name in table.names()}


def _field(name: str, table: Table) -> FieldWord:
    word = FieldWord(
        name=name,
        wire=table.text("wire", example='"extrAttr302"'),
        type=table.word("type", FieldType, default=FieldType.TEXT),
        is_required=table.truth("required"),
        is_material=table.truth("material"),
        variable=table.text("variable", example='"budget"', default=""),
        separator=table.text("separator", example='";"', default=";"),
    )
    table.done()
    return word


def _stakeholder(table: Table) -> Stakeholder:
    word = Stakeholder(
        key=table.text("key", example='"legal"'),
        title=table.text("title", example='"Legal"'),
        task=table.text("task", example='"legal"'),
        lead_task=table.text("lead_task", example='"legal_lead"', default=""),
        escalation=table.text("escalation", example='"escalate_legal"', default=""),
        group=table.text("group", example='"Legal"'),
        lead=table.text("lead", example='"Legal leads"'),
        due_in=table.duration("due_in", example='"P3D"'),
        is_later=table.truth("later"),
        each=table.text("each", example='"regions"', default=""),
        group_variable=table.text("group_variable", example='"legalGroup"', default=""),
        lead_variable=table.text("lead_variable", example='"legalLeads"', default=""),
        due_variable=table.text("due_variable", example='"legalDue"', default=""),
        outcome_variable=table.text("outcome_variable", example='"legalOutcome"', default=""),
        part_variable=table.text("part_variable", example='"escalatedRegion"', default=""),
        state_field=table.text("state_field", example='"legal_state"', default=""),
    )
    table.done()
    return word


def _policies(table: Table) -> dict[str, Policy]:
    return {name: table.word(name, Policy, default=Policy.AUTOMATIC) for name in table.names()}


def _heals(table: Table) -> dict[str, Policy]:
    heals = {}
    for name in table.names():
        policy = table.word(name, Policy, default=Policy.AUTOMATIC)
        if name in _HEALABLE:
            heals[name] = policy
        elif name in set(Cause) and policy is not Policy.NEVER:
            table.fault(name, "is for people to mend, so it is never healed", example='"never"')
        elif name not in set(Cause):
            table.fault(name, f"is no cause of a difference; known are: {', '.join(sorted(_HEALABLE))}")
    return heals


def _currencies(table: Table) -> dict[int, str]:
    currencies = {}
    for key in table.names():
        code = table.text(key, example='"EUR"')
        if key.isdecimal():
            currencies[int(key)] = code
        else:
            table.fault(key, "must be the number that Aprimo stores", example='3 = "EUR"')
    return currencies


def _texts(table: Table, *, example: str) -> dict[str, str]:
    return {key: table.text(key, example=example) for key in table.names()}


# ---- what the tables say together ----------------------------------------------------------------------------------


def _contradictions(words: FlowWords, module: FlowModule) -> list[str]:
    roles = [(f"also.{role}.", words.as_role(role)) for role in words.also]
    return [
        *_lacking(words, module),
        *_doubled(words),
        *(fault for role, view in [("", words), *roles] for fault in _misplaced(role, view)),
        *_misplaced_stakeholders(words),
        *_misplaced_policies(words),
    ]


def _lacking(words: FlowWords, module: FlowModule) -> list[str]:
    """What the flow cannot do without."""
    lacking = [
        f"states.{word}: is missing (example: {word} = 2)" for word in module.STATES if word not in words.states
    ]
    lacking += [f"fields.{name}: is missing" for name in module.FIELDS if name not in words.fields]
    for role, names in module.ALSO.items():
        fields = words.also[role].fields if role in words.also else {}
        lacking += [f"also.{role}.fields.{name}: is missing" for name in names if name not in fields]
        lacking += [f"also.{role}: is missing"] if role not in words.also and not names else []
    if Decision.APPROVED not in words.outcomes.values() and not module.ANSWERS:
        lacking.append('outcomes: no answer means approved (example: approved = "approved")')
    unknown = (word for word in words.states if ownership.state_owner(words, word) is None)
    lacking += [f"states.{word}: is no state of this flow; known are: {', '.join(module.STATES)}" for word in unknown]
    return lacking


def _doubled(words: FlowWords) -> list[str]:
    """What must be said once only, or two fields would overwrite each other."""
    said = {
        "states": words.states.values(),
        "fields.*.wire": words.wire_names(),
        "fields.*.variable": [word.variable for word in words.fields.values() if word.variable],
        **{f"also.{role}.fields.*.wire": words.as_role(role).wire_names() for role in words.also},
        "stakeholders.key": [each.key for each in words.stakeholders],
        "stakeholders.task": [each.task for each in words.stakeholders],
    }
    return [
        f"{place}: {value!r} stands there {count} times"
        for place, values in said.items()
        for value, count in Counter(values).items()
        if count > 1
    ]


def _misplaced(role: str, words: FlowWords) -> list[str]:
    """What a kind of object says that contradicts itself; role: where it stands in the file."""
    faults = []
    if words.object_kind == "activity" and not words.type_ids:
        faults.append(f"{role or 'item.'}types: is needed, not every activity is one (example: [17])")
    for name in ownership.names_of(words, Side.OPENTEXT):
        word, place = words.fields[name], f"{role}fields.{name}"
        if word.variable or word.is_required or word.is_material:
            faults.append(f"{place}: OpenText owns it, so it has no variable and is neither required nor material")
        if word.type not in WRITTEN:
            faults.append(f"{place}.type: OpenText owns it, so it is one of {', '.join(sorted(WRITTEN))}")
    return faults


def _misplaced_stakeholders(words: FlowWords) -> list[str]:
    faults = []
    for number, each in enumerate(words.stakeholders, start=1):
        place = f"stakeholders[{number}]"
        if each.each and not _is_carried_list(words, each.each):
            faults.append(f"{place}.each: {each.each!r} is no material list field with a variable")
        if each.each and each.state_field:
            faults.append(f"{place}.state_field: a repeated review has no one state to show")
        if each.state_field and each.state_field not in words.fields:
            faults.append(f"{place}.state_field: there is no fields.{each.state_field}")
        if each.escalation and not each.lead_task:
            faults.append(f"{place}.lead_task: is needed where there is an escalation")
    return faults


def _is_carried_list(words: FlowWords, name: str) -> bool:
    """A part added later has no review in the running process: only a new revision asks everybody."""
    word = words.fields.get(name)
    if word is None or word.type is not FieldType.LIST or not word.variable:
        return False
    return word.is_material


def _misplaced_policies(words: FlowWords) -> list[str]:
    views = [words, *(words.as_role(role) for role in words.also)]
    filed = ownership.FILED.get(words.flow, frozenset())
    allowed = {"state", *filed, *(name for view in views for name in ownership.names_of(view, Side.OPENTEXT))}
    return [
        f"policies.{name}: is no field that OpenText owns; known are: {', '.join(sorted(allowed))}"
        for name in words.policies
        if name not in allowed
    ]
