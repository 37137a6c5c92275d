"""Bulk actions, each case in a separate unit of work.

Thus one refusal does not affect the others.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from translationstring import TranslationString

from civicportal.core.security import Identity
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import CaseKind, Transition, UnknownTransition
from civicportal.domain.kartable.undo import UndoService
from civicportal.util.errors import Conflict, Forbidden, NotFound
from civicportal.util.i18n import _, say
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

log = logging.getLogger(__name__)

Act = Callable[["Work", Case], object]
_Sameness = tuple[str, str, object]
"""Name, title and form of a transition."""
NOT_SEEN = _("There is no such case in your sight.")
NOT_ALLOWED = _("You may not do this with this case.")
NOT_FROM_HERE = _("This step is not possible from its present status.")
CHANGED = _("A colleague has acted since, or it is too late.")
BUSY = _("The portal was busy. Please try this one again.")
MOST_BUSY = 3
"""Stop after this many consecutive failures, because each may wait for seconds."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result for one case.

    :ivar event_id: the transition that can still be undone.
    :ivar reason: why nothing was changed; None on success.
    """

    code: str
    subject: str = ""
    event_id: int | None = None
    reason: TranslationString | None = None


def each(site: "Site", actor: Identity, codes: Iterable[str], act: Act) -> list[Outcome]:
    """Apply an action to every case.

    Must not be called while the same thread has a writing unit of work open.
    """
    outcomes, busy = list[Outcome](), 0
    for code in dict.fromkeys(codes):
        outcome = Outcome(code=code, reason=BUSY) if busy >= MOST_BUSY else _one(site, actor, code, act)
        busy = busy + 1 if outcome.reason is BUSY else 0
        outcomes.append(outcome)
    return outcomes


def undo_each(site: "Site", actor: Identity, steps: Iterable[tuple[str, int]]) -> list[Outcome]:
    """Undo the changes of an earlier :func:`each`, given as (code, event) pairs."""
    events = dict(steps)
    return each(site, actor, events, lambda work, case: work.get(UndoService).undo(case, events[case.code]))


@dataclass(frozen=True, kw_only=True)
class BulkStep:
    """A transition that at least one of several cases allows.

    :ivar key: its value in a form, see :func:`_keys`.
    :ivar number: how many of the cases allow it.
    :ivar services: titles of the kinds of these cases, if another transition of the list has the same title in the
        language of the reader; else empty.
    """

    key: str
    transition: Transition
    number: int
    services: Sequence[TranslationString] = ()

    def apply(self, work: "Work", case: Case, values: Values) -> object:
        """Take the transition of one case, and return its event.

        :raises UnknownTransition: when the case allows none of the same name and form.
        """
        service = work.get(CaseService)
        named = service.kind(case).workflow.step(case.status, self.transition.name)
        if _sameness(named) != _sameness(self.transition):
            raise UnknownTransition(self.transition.name)
        return service.apply(case, self.transition.name, **values)


def possible_steps(work: "Work", cases: Iterable[Case]) -> list[BulkStep]:
    """Return the transitions that any of the cases allows, those of most cases first.

    Transitions of different kinds are one if they have the same name, title and form.
    """
    service, found = work.get(CaseService), dict[_Sameness, list[tuple[Transition, CaseKind]]]()
    for case in cases:
        for step in service.steps(case):
            if not step.reason:
                found.setdefault(_sameness(step.transition), []).append((step.transition, service.kind(case)))
    # Different English titles may have one translation, and the reader sees only that.
    localizer = work.site.localizer(work.locale)
    titles = {same: say(some[0][0].title, localizer) for same, some in found.items()}
    keys, times = _keys(work.site), Counter(titles.values())
    steps = [
        BulkStep(
            key=keys[same],
            transition=some[0][0],
            number=len(some),
            services=list(dict.fromkeys(kind.title for _step, kind in some))
            if times[titles[same]] > 1
            else (),
        )
        for same, some in found.items()
    ]
    return sorted(steps, key=lambda step: -step.number)


def _sameness(transition: Transition) -> _Sameness:
    return transition.name, str(transition.title), transition.schema


def _keys(site: "Site") -> dict[_Sameness, str]:
    """Return the values of all transitions in a form: the name, numbered if there are different ones of that name.

    They do not depend on the selected cases, whose status may change before the form is submitted.
    """
    names, keys = Counter[str](), dict[_Sameness, str]()
    for kind in kinds_of(site).values():
        for transition in kind.workflow.transitions:
            if (same := _sameness(transition)) not in keys:
                number = names[transition.name] = names[transition.name] + 1
                keys[same] = transition.name if number == 1 else f"{transition.name}-{number}"
    return keys


def _one(site: "Site", actor: Identity, code: str, act: Act) -> Outcome:
    subject = ""
    try:
        with site.work(actor=actor) as work:
            case = work.get(CaseService).fetch(code, lock=True)
            subject = case.subject
            act(work, case)
            undoable = work.get(UndoService).last(case)
            return Outcome(code=code, subject=subject, event_id=undoable.id if undoable else None)
    except Refused as refusal:
        reason = refusal.reason
    except NotFound:
        reason = NOT_SEEN
    except Forbidden:
        reason = NOT_ALLOWED
    except UnknownTransition:
        reason = NOT_FROM_HERE
    except Conflict:
        reason = CHANGED
    except (OperationalError, InterfaceError, PoolTimeout, StaleDataError) as error:
        # The changes to the other cases are committed, so the user must see the results.
        log.warning("one of many cases: %s", type(error).__name__, exc_info=error)
        reason = BUSY
    return Outcome(code=code, subject=subject, reason=reason)
