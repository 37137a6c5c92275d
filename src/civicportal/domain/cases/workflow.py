"""Kinds of cases and their workflows as data.

The four stages belong to the core, so that statistics, colours and "in progress / reviewed" never depend on the
wording of a plugin.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import colander
from translationstring import TranslationString

from civicportal.core.security import Permission
from civicportal.domain.accounts.identity_levels import IdentityFact
from civicportal.util.errors import ConfigurationError, Conflict
from civicportal.util.i18n import _
from civicportal.util.values import Values

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from civicportal.core.site import Site
    from civicportal.core.work import Work
    from civicportal.domain.cases.correction import Correction
    from civicportal.domain.cases.counter_tables import CounterTable
    from civicportal.domain.cases.models import Case, CaseEvent
    from civicportal.web.schema import StrictSchema

Stage = Literal["registered", "in_progress", "done", "rejected"]
"""Stage of a state, the same for all kinds of cases."""
Actor = Literal["staff", "citizen", "system"]
"""Class of people that may take a transition."""
Guard = Callable[["Case", "Work"], TranslationString | None]
"""Function that returns why a transition is not possible now, or None."""

#: The stages of all workflows, and their titles.
STAGES: dict[str, TranslationString] = {
    "registered": _("Registered"),
    "in_progress": _("In progress"),
    "done": _("Reviewed"),
    "rejected": _("Closed without action"),
}
RESERVED_FIELDS = frozenset(
    {
        "notice",
        "version",
        "seen",
        "then",
        "ready",
        "insert",
        "anyway",
        "allowed",
        "noticed",
        "proof",
        "csrf_token",
    }
)
"""Names that no field of a transition's form can have: the portal's own hidden fields, and a key of ``CaseEvent.data``.
"""
OPEN_STAGES = ("registered", "in_progress")
"""Stages of open cases."""


class UnknownTransition(Conflict):
    """The workflow has no such transition from this status."""


@dataclass(frozen=True, kw_only=True)
class State:
    """A status of a case.

    :ivar public_title: for citizens, if it differs from the title.
    :ivar citizen_title: for the citizen of the case, if it differs from the public title.
    :ivar pauses_deadline: the deadline is extended by the time in this status.
    :ivar tells_deadline: citizens see the deadline; False where the citizen has to act.
    :ivar answer: the case waits for an answer of its citizen, who gives it by this transition.
    :ivar unanswered: the transition of the portal itself that ends the question when the answer does not come in time.
    :ivar likely: the transition that staff most often take from here; its form is open on the page of a case. Without
        it, or while it is not possible, that is the first possible one.
    :ivar retired: kept for old cases, reached by no transition.
    """

    name: str
    title: TranslationString
    stage: Stage
    public_title: TranslationString | None = None
    citizen_title: TranslationString | None = None
    pauses_deadline: bool = False
    tells_deadline: bool = True
    answer: str | None = None
    unanswered: str | None = None
    likely: str | None = None
    retired: bool = False

    @property
    def is_open(self) -> bool:
        """Return whether cases in this state are open."""
        return self.stage in OPEN_STAGES


@dataclass(frozen=True, kw_only=True)
class Prefill:
    """Initial content of a transition's form.

    :ivar initial: values by field.
    :ivar bindings: further bindings of the schema, for instance options.
    """

    initial: Values = field(default_factory=dict)
    bindings: Values = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A transition from some states to another.

    :ivar permission: the required right; None means ``<permission_prefix>:work``.
    :ivar notify: notify the citizen and the followers.
    :ivar guards: each returns why the transition is not possible now, or None.
    :ivar schema: builds the colander schema of the form; its values are stored in ``CaseEvent.data``.
    :ivar prefill: returns the initial content of the form.
    :ivar text: suffix of the message key, if it is not the name of the new state.
    :ivar releases: the case returns to the whole unit, because its next step belongs to a colleague.
    :ivar confirm: what the page says on which a citizen confirms the transition; without it there is no such page.
    :ivar notice: returns the message's values of an incomplete form, for the preview: ``moment`` and ``note``, or one
        of them, as in ``CaseEvent.data``, and placeholders of ``CaseKind.message_fields``; None while they are missing.
    """

    name: str
    title: TranslationString
    sources: tuple[str, ...]
    target: str
    permission: str | None = None
    actors: frozenset[Actor] = frozenset({"staff"})
    notify: bool = True
    guards: tuple[Guard, ...] = ()
    schema: Callable[[], colander.Schema] | None = None
    prefill: Callable[["Case", "Work"], Prefill] | None = None
    text: str | None = None
    releases: bool = False
    confirm: TranslationString | None = None
    notice: Callable[[Values, "Work"], Mapping[str, str] | None] | None = None


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """The states of a kind and the transitions between them.

    :cvar STAGES: the stages of all workflows, and their titles.
    :cvar OPEN_STAGES: stages of open cases.
    """

    STAGES: ClassVar[Mapping[str, TranslationString]] = STAGES
    OPEN_STAGES: ClassVar[tuple[str, ...]] = OPEN_STAGES

    initial: str
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]

    @cached_property
    def by_name(self) -> dict[str, State]:
        """Return the states by name."""
        return {state.name: state for state in self.states}

    def state(self, name: str) -> State:
        """Return a state.

        :raises UnknownTransition: when there is none of this name.
        """
        try:
            return self.by_name[name]
        except KeyError:
            raise UnknownTransition(f"no state {name!r}; there are {', '.join(self.by_name)}") from None

    def from_state(self, status: str, actor: Actor | None = None) -> list[Transition]:
        """Return the transitions from a state, for one realm or for all."""
        return [
            transition
            for transition in self.transitions
            if status in transition.sources and (actor is None or actor in transition.actors)
        ]

    def step(self, status: str, name: str) -> Transition:
        """Return the named transition from a state.

        :raises UnknownTransition: names the transition and the possible ones.
        """
        for transition in self.from_state(status):
            if transition.name == name:
                return transition
        allowed = ", ".join(t.name for t in self.from_state(status)) or "nothing"
        raise UnknownTransition(f"{name!r} is not possible from {status!r}: allowed is {allowed}")

    def likely(self, status: str, possible: Sequence[Transition]) -> Transition | None:
        """Return which of the possible transitions is offered first: the likely one of the state, else the first."""
        state = self.by_name.get(status)
        named = (transition for transition in possible if state and transition.name == state.likely)
        return next(named, possible[0] if possible else None)

    def problems(self) -> list[str]:
        """Return the errors of the workflow, for its author."""
        found = []
        if len(self.by_name) != len(self.states):
            found.append("two states have the same name")
        if self.initial not in self.by_name:
            found.append(f"the initial state {self.initial!r} does not exist")
        elif self.by_name[self.initial].retired:
            found.append(f"the initial state {self.initial!r} is retired")
        for transition in self.transitions:
            unknown = {*transition.sources, transition.target} - set(self.by_name)
            if unknown:
                found.append(f"transition {transition.name!r} names unknown states {sorted(unknown)}")
            elif self.by_name[transition.target].retired:
                found.append(
                    f"transition {transition.name!r} leads to the retired state {transition.target!r}"
                )
        for state in self.states:
            if state.is_open and not state.retired and not self.from_state(state.name):
                found.append(f"the open state {state.name!r} has no way out")
            if state.likely and state.likely not in [t.name for t in self.from_state(state.name, "staff")]:
                found.append(f"the state {state.name!r} has no transition {state.likely!r} of staff")
            if state.answer and state.answer not in [t.name for t in self.from_state(state.name, "citizen")]:
                found.append(f"the state {state.name!r} has no transition {state.answer!r} of citizens")
            if state.unanswered and (
                not state.answer
                or state.unanswered not in [t.name for t in self.from_state(state.name, "system")]
            ):
                found.append(
                    f"the state {state.name!r} asks nothing, or has no transition {state.unanswered!r} of the portal"
                )
        steps = [(source, t.name) for t in self.transitions for source in t.sources]
        twice = sorted({step for step in steps if steps.count(step) > 1})
        found += [f"two transitions {name!r} lead out of {source!r}" for source, name in twice]
        return found + [f"nothing leads to {name!r}" for name in sorted(self._unreachable())]

    def _unreachable(self) -> set[str]:
        reached, new = set(), {self.initial}
        while new:
            reached |= new
            new = {t.target for t in self.transitions if reached & set(t.sources)} - reached
        return {state.name for state in self.states if not state.retired} - reached


@dataclass(frozen=True, kw_only=True)
class RoutingFact:
    """A fact that routing rules can test besides kind and category.

    :ivar values: the possible values with their titles.
    """

    name: str
    title: TranslationString
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LinkKind:
    """A kind of link from one case to another, see :class:`~civicportal.domain.cases.links.LinkService`.

    :ivar name: stored in ``CaseLink.type``, at most 20 characters.
    :ivar title: what the other case is to this one, for instance "Renewal".
    :ivar back: what this case is to the other one, for instance "Earlier permit".
    """

    name: str
    title: TranslationString
    back: TranslationString


@dataclass(frozen=True, kw_only=True)
class CaseKind:
    """A kind of case, for instance reports; registered by a plugin.

    :ivar name: stored in ``cases.kind``.
    :ivar detail_model: the plugin's 1:1 table, whose primary key is ``case_id``.
    :ivar permission_prefix: ``<kind>:case``, set if left out; nothing else is accepted.
    :ivar rating: the citizen rates each closing.
    :ivar publishable: an officer may publish a case with its text and pictures.
    :ivar papers: its pictures are private documents, visible to staff and the signed-in citizen, but not after
        verifying the tracking code with four digits, which can be guessed.
    :ivar own_subject: its subject contains the citizen's words: after erasure it is replaced by the kind's title.
    :ivar reopen: the transition by which an objection reopens the case.
    :ivar handover: the transition that closes a converted case; None if cases cannot be converted.
    :ivar split: the transition, of staff and of the portal itself, that closes a case whose jobs are all done; None if
        cases cannot be split into jobs.
    :ivar made_from_case: name of the route, with the ``code`` of a case of another kind, whose page converts it to this
        kind; see :mod:`civicportal.domain.cases.conversion`.
    :ivar register_route: name of the route whose page registers one for a caller; see
        :mod:`civicportal.domain.cases.on_behalf`.
    :ivar level: identity level a citizen needs to open one (0 anonymous, 1 mobile, 2 verified).
    :ivar facts: returns the facts for routing rules, for instance the district of a case; called before it is written,
        so with ``CaseService.detail``.
    :ivar known_facts: those facts with all their values on a site, for the form of a rule.
    :ivar identity: returns the identity data of a case's person; masked for staff unless requested by right.
    :ivar message_fields: returns the values of the kind's own placeholders in messages, by their names in capital
        letters, for instance ``{"ROOM": "12 B"}``. Called after the change, for texts that list such a placeholder. A
        value has at most 25 UTF-16 units; a longer one refuses the step. Followers read it too.
    :ivar api_detail: returns what the API tells of one of its cases besides what every case has, to everybody who may see
        the case: values of JSON, days and times; None for nothing.
    :ivar api_filters: schema of the filters by which the API lists its cases besides those of every case, as its own list
        does; the parameters begin with the name of the kind, such as ``reports.district``.
    :ivar api_condition: returns the condition on ``Case`` of one of these filters by its name and value; None for a value
        that does not exist.
    :cvar Link: a kind of link.
    :ivar asks: its forms ask the questions that administrators give its categories.
    :ivar links: kinds of links that lead from its cases to others.
    :ivar counter_table: counters of the kind besides those of every case.
    :ivar correction: what staff may correct besides subject and category.
    :ivar subjects: returns the generated subjects of its cases in a language, always in the same order, or the parts
        before their first comma; the names of its categories by default.
    :ivar import_columns: columns of an import file besides those of every case, each with the names that other systems
        give it, for instance ``{"lat": ("latitude",)}``.
    :ivar import_detail: returns the detail row of an imported case from the texts of these columns, without
        ``case_id``; it may set the place and the subject of the case, which is not written yet. Raises
        :class:`~civicportal.util.errors.Refused` for a value that it refuses. Without it cases of a kind with a detail
        model cannot be imported. A name of a field of every case, such as "name", gives it the text of that one.
    :ivar import_moments: those of the columns that hold dates with or without a time; ``import_detail`` gets them in
        ISO 8601, and lines with other texts are refused at their column.
    :ivar import_personal: those of the columns whose texts are masked in reports.
    :ivar import_written: called after an imported case was written with its history, for rows of other tables: with the
        case, the texts of the columns, and the entries of the history in their order. No message is sent.
    """

    Link: ClassVar[type[LinkKind]] = LinkKind

    name: str
    title: TranslationString
    workflow: Workflow
    permission_prefix: str = ""
    detail_model: type[Any] | None = None
    rating: bool = False
    publishable: bool = False
    papers: bool = False
    own_subject: bool = False
    reopen: str | None = None
    handover: str | None = None
    split: str | None = None
    made_from_case: str | None = None
    register_route: str | None = None
    level: int = 1
    icon: str = "file-text"
    facts: Callable[["Case", "Work"], dict[str, str]] | None = field(default=None)
    known_facts: Callable[["Site"], tuple[RoutingFact, ...]] | None = field(default=None)
    identity: Callable[["Case", "Work"], Sequence[IdentityFact]] | None = field(default=None)
    message_fields: Callable[["Case", "Work"], Mapping[str, str | TranslationString]] | None = field(
        default=None
    )
    api_detail: Callable[["Case", "Work"], Mapping[str, object] | None] | None = field(default=None)
    api_filters: "type[StrictSchema] | None" = None
    api_condition: "Callable[[str, Any, Work], ColumnElement[bool] | None] | None" = field(default=None)
    asks: bool = False
    links: tuple[LinkKind, ...] = ()
    counter_table: "CounterTable | None" = None
    correction: "Correction | None" = None
    subjects: Callable[["Work", str], Sequence[str]] | None = field(default=None)
    import_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    import_detail: Callable[["Case", Mapping[str, str], "Work"], object] | None = field(default=None)
    import_moments: Collection[str] = ()
    import_personal: Collection[str] = ()
    import_written: Callable[["Case", Mapping[str, str], Sequence["CaseEvent"], "Work"], None] | None = field(
        default=None
    )

    def permission(self, verb: str) -> str:
        """Return the name of one of the kind's rights."""
        return f"{self.permission_prefix}:{verb}"

    def public_status(self, status: str, *, own: bool = False) -> TranslationString:
        """Return the title of a status for citizens, that of the kind if its plugin does not know the status.

        :param own: for the citizen of the case.
        """
        state = self.workflow.by_name.get(status)
        if state is None:
            return self.title
        return (state.citizen_title if own else None) or state.public_title or state.title

    def __post_init__(self) -> None:
        """Set the usual prefix of the rights."""
        object.__setattr__(self, "permission_prefix", self.permission_prefix or f"{self.name}:case")

    def check(self) -> None:
        """Refuse an inconsistent kind.

        :raises ConfigurationError: with every problem found.
        """
        if problems := self.flaws():
            raise ConfigurationError(f"case kind {self.name!r}: {'; '.join(problems)}")

    def flaws(self) -> list[str]:
        """Return what is inconsistent in the kind, for its author."""
        problems = self.workflow.problems()
        if self.permission_prefix != f"{self.name}:case":
            problems.append(
                f"permission_prefix is {self.permission_prefix!r}: leave it out, it is {self.name}:case"
            )
        if self.reopen and not any(t.name == self.reopen for t in self.workflow.transitions):
            problems.append(f"the reopening transition {self.reopen!r} does not exist")
        elif any(t.name == self.reopen and "citizen" not in t.actors for t in self.workflow.transitions):
            problems.append(f"the reopening transition {self.reopen!r} is not for citizens, who object by it")
        if self.handover and not any(t.name == self.handover for t in self.workflow.transitions):
            problems.append(f"the transition {self.handover!r} for what goes on elsewhere does not exist")
        if self.split and not any(
            t.name == self.split
            and {"staff", "system"} <= t.actors
            and t.target in self.workflow.by_name
            and not self.workflow.by_name[t.target].is_open
            for t in self.workflow.transitions
        ):
            problems.append(
                f"the transition {self.split!r} is not one of staff and the portal that closes a case"
            )
        if self.rating and not self.reopen:
            problems.append("a kind that is rated needs a reopening transition, for objections")
        return problems


#: Verbs of the rights that every kind has.
VERBS: dict[str, TranslationString] = {
    "view": _("See the cases"),
    "work": _("Work on the cases"),
    "refer": _("Refer the cases"),
    "comment": _("Comment on the cases"),
    "contact": _("See name and mobile of the citizen"),
    "identity": _("See personal number and birth date of the citizen"),
    "register": _("Register for a citizen"),
    "export": _("Export"),
    "act_any": _("Act on cases of other kartables"),
}


def permissions_of(kind: CaseKind) -> Iterator[Permission]:
    """Yield the rights that every kind of case has.

    A membership limits them to its unit and category. Registering is the exception: a call may concern any unit, and
    the routing rules decide where the case goes, so this right applies to the whole city.
    """
    for verb, title in VERBS.items():
        yield Permission(
            name=kind.permission(verb), title=title, scope="city" if verb == "register" else "case"
        )


def unknown_kind(name: str) -> CaseKind:
    """Return a substitute for the kind of an inactive plugin."""
    states = tuple(State(name=stage, title=STAGES[stage], stage=stage) for stage in ("registered", "done"))
    return CaseKind(
        name=name,
        title=_("Inactive service"),
        workflow=Workflow(initial="registered", states=states, transitions=()),
        icon="plug-connected-x",
        # Only the plugin knew what its pictures showed and who named it.
        papers=True,
        own_subject=True,
    )
