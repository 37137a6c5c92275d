"""Forms of the case page and of bulk actions."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from civicportal.domain.cases.models import Attachment, Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.steps import Step, StepService
from civicportal.domain.cases.workflow import Prefill, Transition
from civicportal.domain.kartable import schemas
from civicportal.domain.kartable.addressees import offered
from civicportal.domain.kartable.contractors import AFTER, ShownLink
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.ready_texts import ReadyTextService
from civicportal.domain.kartable.recent import RecentAddresseeService
from civicportal.domain.kartable.types import Addressee
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _, format_number
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm
from civicportal.web.request import Request
from civicportal.web.schema import Option, StrictSchema, whole_number

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.organization.models import Unit

VERSION, SEEN, THEN = "version", "seen", "then"
"""Hidden fields: the version of the case that the form was made from, the last event shown, the next page."""
READY, INSERT = "ready", "insert"
"""The selected ready text, and the button that inserts it."""
ANYWAY = "anyway"
"""The checkbox that confirms a referral to which no member of the unit attends; its value names unit and person."""
INQUIRY = "inquiry"
"""The hidden field with the id of an inquiry to answer or to withdraw."""
JOB = "job"
"""The hidden field with the id of a job."""
LINK = "link"
"""The hidden field with the id of a contractor's link."""
PROOF = "proof"
"""Keys of a contractor's pictures that prove a step."""
OWN = (VERSION, SEEN, THEN, READY, INSERT, ANYWAY, PROOF)
WORDS = frozenset({"public_text", "internal_text"})
LATEST, OTHERS = _("Chosen last"), _("All other units")
"""Headings of the units in the form of a referral."""


@dataclass(frozen=True, kw_only=True)
class StaffStepForm:
    """A transition with its form.

    :ivar notifies: the citizen is notified.
    :ivar finishes: it finishes work that a contractor says is done.
    """

    transition: Transition
    form: BoundForm
    notifies: bool = True
    finishes: bool = False


def path(request: Request, name: str, **more: str) -> str:
    """Return the address of an action on the case of this page."""
    return str(request.route_path(name, code=request.matchdict["code"], **more))


def open_step(
    request: Request,
    case: Case,
    steps: Sequence[Step],
    sent: BoundForm | None = None,
    *,
    finishes: bool = False,
) -> StaffStepForm | None:
    """Return the transition whose form is shown.

    It is the one in the URL, else the likely one of the case's status, if any; while a contractor says that the work is
    done, the one that finishes it.

    :param sent: the refused form of the named transition.
    :param finishes: a contractor says so.
    """
    possible = [step.transition for step in steps if not step.reason]
    name = request.matchdict.get("step")
    named = next((transition for transition in possible if transition.name == name), None)
    workflow = request.work.get(CaseService).kind(case).workflow
    finishing = request.work.get(StepService).finishing(case) if finishes else None
    transition = named or finishing or workflow.likely(case.status, possible)
    if transition is None:
        return None
    words = request.work.get(ReadyTextService).preset(case, transition) if transition == finishing else ""
    form = (sent if named else None) or step_form(request, transition, case, request.work, words=words)
    notifies = request.work.get(StepService).notifies(case, transition)
    return StaffStepForm(
        transition=transition,
        form=form,
        notifies=notifies,
        finishes=finishing is not None and transition == finishing,
    )


def step_form(
    request: Request, transition: Transition, case: Case, work: "Work", *, words: str = ""
) -> BoundForm:
    """Return the form of a transition.

    :param words: the public text that it shows at first.
    """
    prefill = transition.prefill(case, work) if transition.prefill else Prefill()
    return BoundForm(
        request,
        transition.schema() if transition.schema else StrictSchema(),
        initial={"public_text": words, **(prefill.initial or {})} if words else prefill.initial,
        bindings=prefill.bindings,
        action=path(request, "kartable.step", step=transition.name),
        prefix=f"step-{transition.name}",
        ignore=OWN,
        take_files=request.take_files,
    )


def words_form(
    request: Request, transition: Transition, ignore: tuple[str, ...], key: str
) -> BoundForm | None:
    """Return the bulk form of a transition with a text field.

    It is None if it needs more.

    :param key: the name of the transition in the form.
    """
    schema = transition.schema() if transition.schema else StrictSchema()
    for node in list(schema.children):
        if node.name in WORDS:
            continue
        if node.required:
            return None
        del schema[node.name]
    return BoundForm(request, schema, prefix=f"step-{key}", ignore=ignore)


def referral_form(
    request: Request, work: "Work", *, ignore: tuple[str, ...] = OWN, outlives: bool = False
) -> BoundForm:
    """Return the form with the addressee of a referral.

    :param outlives: the form is used after the unit of work has ended.
    """
    units = list(_units(work))
    # Most cases go to a whole unit, so the staff is loaded only where it is shown or a person is chosen.
    people = cache(partial(_people, work, units))
    if outlives:
        people()
    bindings = {"units": _recent_first(work, units), "people": people}
    return BoundForm(request, schemas.ReferralSchema(), bindings=bindings, prefix="refer", ignore=ignore)


def addressee(values: Values) -> Addressee:
    """Return the arguments of a referral."""
    person = (values["user"] or "").partition("-")[2]
    return {
        "unit_id": int(values["unit"]),
        "user_id": int(person) if person else None,
        "note": values["note"],
    }


ANYBODY = 0
"""Stands for several holders."""
UNIT = "unit"
"""Value for the whole unit among the people to whom a case is handed."""


def assignment_form(
    request: Request, offered: Sequence[Option], *, ignore: tuple[str, ...] = OWN
) -> BoundForm:
    """Return the form that assigns cases to one of the offered :func:`colleagues`."""
    bindings = {"colleagues": offered}
    return BoundForm(request, schemas.AssignmentSchema(), bindings=bindings, prefix="hand", ignore=ignore)


def colleagues(work: "Work", unit_ids: Iterable[int], holder: int | None) -> list[Option]:
    """Return the officers of units to whom a case may be assigned, and the whole unit.

    Those whom the actor addressed last come first.

    :param holder: id of the current holder, who is not offered; None for no one, ``ANYBODY`` for several cases.
    """
    custody, names = work.get(CustodyService), dict[int, str]()
    for unit_id in unit_ids:
        names |= custody.officers(unit_id)
    names.pop(holder or 0, None)
    recent = work.get(RecentAddresseeService).read().people
    ids = [*filter(names.__contains__, recent), *(user_id for user_id in names if user_id not in recent)]
    options = [Option(value=str(user_id), label=names[user_id]) for user_id in ids]
    return options if holder is None else [Option(value=UNIT, label=_("The whole unit")), *options]


def colleagues_of_all(work: "Work", cases: Sequence[Case]) -> list[Option]:
    """Return the officers to whom at least one of several cases may be assigned, those of most cases first.

    The label of those who may not have all cases says how many.
    """
    units = Counter(case.unit_id for case in cases if case.unit_id)
    custody, numbers = work.get(CustodyService), Counter[str]()
    for unit_id, number in units.items():
        numbers.update({str(user_id): number for user_id in custody.officers(unit_id)})

    def labelled(option: Option) -> Option:
        number = numbers[option.value]
        if number == len(cases):
            return option
        count, all_ = (format_number(one, work.locale) for one in (number, len(cases)))
        mapping = {"name": option.label, "number": count, "all": all_}
        return replace(option, label=_("${name} (${number} of ${all})", mapping=mapping))

    whole, *officers = colleagues(work, units, ANYBODY)
    return [whole, *map(labelled, sorted(officers, key=lambda option: -numbers[option.value]))]


def recipient(values: Values) -> int | None:
    """Return the user id that the form of an assignment names.

    It is None for the whole unit.
    """
    return None if values["to"] == UNIT else int(values["to"])


def return_form(request: Request) -> BoundForm:
    """Return the form with the note of a return."""
    return BoundForm(request, schemas.ReturnNote(), prefix="refer", ignore=(*OWN, "unit", "user"))


def comment_form(request: Request) -> BoundForm:
    """Return the form of a note."""
    initial = {"sort": "note"}
    return BoundForm(request, schemas.Comment(), initial=initial, prefix="comment", ignore=OWN)


def note_form(request: Request, ignore: tuple[str, ...]) -> BoundForm:
    """Return the form of an internal note for several cases."""
    return BoundForm(request, schemas.InternalNote(), prefix="note", ignore=ignore)


def publication_form(request: Request, words: str = "") -> BoundForm:
    """Return the form of the public text.

    :param words: its initial value.
    """
    return BoundForm(
        request,
        schemas.PublicTextSchema(),
        initial={"words": words},
        prefix="publish",
        ignore=(*OWN, "public"),
    )


def send_back_form(request: Request) -> BoundForm:
    """Return the form that sends work back to its contractor."""
    return BoundForm(request, schemas.SentBack(), prefix="back", ignore=(*OWN, LINK))


def proofs(photos: Iterable[Attachment], links: Iterable[ShownLink]) -> list[Attachment]:
    """Return the pictures with which contractors prove work that waits for the unit."""
    said = {shown.answer.id for shown in links if shown.is_done and shown.answer}
    return [photo for photo in photos if photo.purpose == AFTER and photo.event_id in said]


def reply_form(request: Request, inquiry_id: int | None) -> BoundForm:
    """Return the form that answers an inquiry."""
    return BoundForm(
        request, schemas.InquiryAnswer(), prefix=f"reply-{inquiry_id or 0}", ignore=(*OWN, INQUIRY)
    )


def job_form(request: Request, job_id: int) -> BoundForm:
    """Return the form with the result of a job."""
    return BoundForm(
        request,
        schemas.JobResult(),
        prefix=f"job-{job_id}",
        ignore=(*OWN, JOB),
        take_files=request.take_files,
    )


def unit_choices(work: "Work") -> list[Option]:
    """Return the units that take cases, first those to which the actor has sent cases last."""
    return _recent_first(work, list(_units(work)))


def sent_number(request: Request, name: str) -> int:
    """Return the number in a hidden field, else 0, which matches no case."""
    return whole_number(request.POST.get(name, ""))


def _recent_first(work: "Work", units: "Sequence[Unit]") -> list[Option]:
    """Return the units, in a group of their own those to which the actor has sent cases last."""
    recent = work.get(RecentAddresseeService).read().units
    by_id = {unit.id: unit for unit in units}
    latest = [by_id[unit_id] for unit_id in recent if unit_id in by_id]
    if not latest:
        return [Option(value=str(unit.id), label=unit.name) for unit in units]
    others = [unit for unit in units if unit not in latest]
    return [
        Option(value=str(unit.id), label=unit.name, group=group)
        for group, members in ((LATEST, latest), (OTHERS, others))
        for unit in members
    ]


def _people(work: "Work", units: "Sequence[Unit]") -> list[Option]:
    """Return the people by unit, in each those first to whom the actor has sent cases last."""
    people, recent = offered(work), work.get(RecentAddresseeService).read().people
    place = {user_id: number for number, user_id in enumerate(recent)}
    return [
        Option(value=f"{unit.id}-{user_id}", label=name, group=unit.name)
        for unit in units
        for user_id, name in sorted(
            people.get(unit.id, ()), key=lambda person: place.get(person[0], len(place))
        )
    ]


def _units(work: "Work", parent: int | None = None) -> "Iterator[Unit]":
    tree = work.get(OrganizationService).units
    for unit in tree.children(parent):
        if unit.active:
            yield unit
        yield from _units(work, unit.id)
