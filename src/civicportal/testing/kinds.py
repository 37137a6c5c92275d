"""A kind of case for tests of the core, which has none."""

from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.core.messages import MessageText
from civicportal.domain.cases.workflow import Actor, CaseKind, RoutingFact, State, Transition, Workflow

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work
    from civicportal.domain.cases.models import Case

_registered = State(name="registered", title=TranslationString("Registered"), stage="registered")
_working = State(name="working", title=TranslationString("In work"), stage="in_progress")
_waiting = State(
    name="waiting", title=TranslationString("Waiting"), stage="in_progress", pauses_deadline=True
)
_done = State(name="done", title=TranslationString("Done"), stage="done")
_rejected = State(name="rejected", title=TranslationString("Rejected"), stage="rejected")


def _step(name: str, sources: tuple[str, ...], target: str, *actors: Actor) -> Transition:
    return Transition(
        name=name,
        title=TranslationString(name.title()),
        sources=sources,
        target=target,
        actors=frozenset(actors or ("staff",)),
    )


def _facts(case: "Case", _work: "Work") -> dict[str, str]:
    return {"district": case.place}


def _known_facts(site: "Site") -> tuple[RoutingFact, ...]:
    districts = tuple(site.map.districts) if site.map else ()
    return (RoutingFact(name="district", title=TranslationString("District"), values=districts),)


#: registered → working ⇄ waiting → done or rejected; the citizen may withdraw, rates a closing and may object.
PETITIONS = CaseKind(
    name="petitions",
    asks=True,
    title=TranslationString("Petition"),
    rating=True,
    publishable=True,
    reopen="object",
    split="finish",
    facts=_facts,
    known_facts=_known_facts,
    workflow=Workflow(
        initial="registered",
        states=(_registered, _working, _waiting, _done, _rejected),
        transitions=(
            _step("accept", ("registered",), "working"),
            _step("pause", ("working",), "waiting"),
            _step("resume", ("waiting",), "working"),
            _step("finish", ("working",), "done", "staff", "system"),
            _step("reject", ("registered", "working"), "rejected"),
            _step("withdraw", ("registered", "working"), "rejected", "citizen"),
            _step("object", ("done", "rejected"), "working", "citizen"),
        ),
    ),
)


def _text(state: str, words: str, *fields: str) -> MessageText:
    return MessageText(
        key=f"petitions.{state}",
        title=TranslationString(state),
        text=TranslationString(words),
        fields=("TRACK", *fields),
    )


#: Texts of messages about petitions.
PETITION_TEXTS = (
    _text("registered", "Petition {TRACK} is registered."),
    _text("working", "Petition {TRACK} is in work."),
    _text("done", "Petition {TRACK} is done."),
    _text("rejected", "Petition {TRACK} is rejected."),
    _text("referred", "Petition {TRACK} was referred to {UNIT}.", "UNIT"),
    _text("reopened", "Petition {TRACK} is open again."),
    _text("corrected", "Petition {TRACK} was corrected."),
    _text("answered", "Petition {TRACK} was answered."),
    _text("status", "Petition {TRACK}: {STATUS}, {DATE}", "STATUS", "DATE"),
)
