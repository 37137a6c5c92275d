"""Kinds of cases and their workflows: pure data, testable as a table and drawn in the docs.

The four stages belong to the core, so that statistics, colours and "in progress / reviewed" never depend on the
wording of a plugin.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import colander
from translationstring import TranslationString

from civicportal.cases.identity import IdentityFact
from civicportal.errors import ConfigurationError, Conflict
from civicportal.i18n import _
from civicportal.security import Permission

if TYPE_CHECKING:
    from civicportal.cases.models import Case
    from civicportal.site import Site
    from civicportal.statistics.tallies import Tally
    from civicportal.work import Work

Stage = Literal["registered", "in_progress", "done", "rejected"]
Actor = Literal["staff", "citizen", "system"]
Guard = Callable[["Case", "Work"], TranslationString | None]

#: What stands behind every state of every workflow: the stage, and what it is called.
STAGES: dict[str, TranslationString] = {
    "registered": _("Registered"),
    "in_progress": _("In progress"),
    "done": _("Reviewed"),
    "rejected": _("Closed without action"),
}
OPEN_STAGES = ("registered", "in_progress")
"""Stages of cases that somebody must still work on."""


class UnknownTransition(Conflict):
    """The workflow knows no such step from here."""


@dataclass(frozen=True, kw_only=True)
class State:
    """A status of a case.

    :ivar public_title: what the citizen reads, if not the title.
    :ivar pauses_deadline: while a case waits here its deadline moves on.
    :ivar tells_deadline: the citizen reads until when the case should be settled; not where they have a time of their own.
    :ivar retired: kept for old cases, reached by no transition.
    """

    name: str
    title: TranslationString
    stage: Stage
    public_title: TranslationString | None = None
    pauses_deadline: bool = False
    tells_deadline: bool = True
    retired: bool = False

    @property
    def is_open(self) -> bool:
        """Return whether a case in this state still waits for someone to act."""
        return self.stage in OPEN_STAGES


@dataclass(frozen=True, kw_only=True)
class Prefill:
    """What the form of a step begins with.

    :ivar initial: values by field.
    :ivar bindings: what the schema asks for besides country and calendar, for instance options.
    """

    initial: Mapping[str, Any] = field(default_factory=dict)
    bindings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A step from some states to another.

    :ivar permission: the right it needs; None means ``<permission_prefix>:work``.
    :ivar notify: tell the citizen and the followers.
    :ivar guards: each says why the step is not possible now, or None.
    :ivar schema: builds the colander schema of what is asked for; the result stands in ``CaseEvent.data``.
    :ivar prefill: what the form of a case begins with, and what it offers.
    :ivar text: ending of the key of the message, where it is not the name of the state reached.
    :ivar releases: afterwards the case is the whole unit's again, for its next step is somebody else's.
    :ivar notice: what the message would say of the values that can be read in the form, for its preview: ``moment`` and
        ``note``, or one of them, as in ``CaseEvent.data``; None while they say too little.
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
    notice: Callable[[Mapping[str, Any], "Work"], Mapping[str, str] | None] | None = None


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """The states of a kind and the steps between them."""

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
        """Return the steps that lead out of a state, for one sort of actor or for all."""
        return [
            transition
            for transition in self.transitions
            if status in transition.sources and (actor is None or actor in transition.actors)
        ]

    def step(self, status: str, name: str) -> Transition:
        """Return the named step out of a state.

        :raises UnknownTransition: names the step and what is allowed instead.
        """
        for transition in self.from_state(status):
            if transition.name == name:
                return transition
        allowed = ", ".join(t.name for t in self.from_state(status)) or "nothing"
        raise UnknownTransition(f"{name!r} is not possible from {status!r}: allowed is {allowed}")

    def problems(self) -> list[str]:
        """Return what is wrong with the workflow, in words for its author."""
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
class KnownFact:
    """Something that routing rules may ask of a case besides its kind and category.

    :ivar values: what it can be, as it is stored and read.
    """

    name: str
    title: TranslationString
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CaseKind:
    """A sort of case, for instance reports: what a plugin registers.

    :ivar name: stored in ``cases.kind``.
    :ivar detail_model: the plugin's 1:1 table, whose primary key is ``case_id``.
    :ivar permission_prefix: ``<kind>:case``.
    :ivar rating: the citizen rates each closing.
    :ivar publishable: an officer may show a case with its words and pictures to everybody.
    :ivar papers: its pictures are documents of a person: staff and the citizen who has signed in see them, but not whoever
        has shown the tracking code and four digits, which can be guessed.
    :ivar own_subject: its subject is the citizen's own words, or tells of them: once they are forgotten, the kind's title
        stands there.
    :ivar reopen: the transition by which an objection of the citizen opens the case again.
    :ivar handover: the transition that closes a case which goes on as one of another kind; None where none does.
    :ivar made_from_case: name of the route, with the ``code`` of a case of another kind, whose page makes one of this kind
        of it; see :mod:`civicportal.cases.conversion`.
    :ivar register_route: name of the route whose page registers one for a caller; see :mod:`civicportal.cases.on_behalf`.
    :ivar level: identity level a citizen needs to open one (0 anonymous, 1 mobile, 2 verified).
    :ivar facts: what the routing rules of a site may ask, for instance the district of a case; asked before it is
        written, so from ``CaseService.detail``.
    :ivar known_facts: those facts with all their values on a site, for the form of a rule.
    :ivar identity: what is known of the person behind a case; staff read it masked until they ask for it by right.
    :ivar tally: counters that the kind keeps besides those of every case.
    """

    name: str
    title: TranslationString
    workflow: Workflow
    permission_prefix: str
    detail_model: type[Any] | None = None
    rating: bool = False
    publishable: bool = False
    papers: bool = False
    own_subject: bool = False
    reopen: str | None = None
    handover: str | None = None
    made_from_case: str | None = None
    register_route: str | None = None
    level: int = 1
    icon: str = "file"
    facts: Callable[["Case", "Work"], dict[str, str]] | None = field(default=None)
    known_facts: Callable[["Site"], tuple[KnownFact, ...]] | None = field(default=None)
    identity: Callable[["Case", "Work"], Sequence[IdentityFact]] | None = field(default=None)
    tally: "Tally | None" = None

    def permission(self, verb: str) -> str:
        """Return the name of one of the kind's rights: view, work, refer, comment, contact, …"""
        return f"{self.permission_prefix}:{verb}"

    def check(self) -> None:
        """Refuse a kind that cannot work.

        :raises ConfigurationError: with every problem found.
        """
        problems = self.workflow.problems()
        if self.reopen and not any(t.name == self.reopen for t in self.workflow.transitions):
            problems.append(f"the reopening transition {self.reopen!r} does not exist")
        elif any(t.name == self.reopen and "citizen" not in t.actors for t in self.workflow.transitions):
            problems.append(f"the reopening transition {self.reopen!r} is not for citizens, who object by it")
        if self.handover and not any(t.name == self.handover for t in self.workflow.transitions):
            problems.append(f"the transition {self.handover!r} for what goes on elsewhere does not exist")
        if self.rating and not self.reopen:
            problems.append("a kind that is rated needs a reopening transition, for objections")
        if problems:
            raise ConfigurationError(f"case kind {self.name!r}: {'; '.join(problems)}")


#: Verbs of which every kind has a permission.
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
    """Return a stand-in for a kind whose plugin is off: no transitions, titles from the stages."""
    states = tuple(State(name=stage, title=STAGES[stage], stage=stage) for stage in ("registered", "done"))
    return CaseKind(
        name=name,
        title=_("Inactive service"),
        workflow=Workflow(initial="registered", states=states, transitions=()),
        permission_prefix=f"{name}:case",
        icon="plug-connected-x",
        # What its pictures showed and who named it, only the plugin knew.
        papers=True,
        own_subject=True,
    )
