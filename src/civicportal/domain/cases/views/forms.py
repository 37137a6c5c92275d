"""Forms of a citizen's case page: rating, objection, notifications, and transitions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from civicportal.domain.cases.models import Case
from civicportal.domain.cases.ratings import RatingWindow
from civicportal.domain.cases.schemas import CitizenNote, NotificationChoice, Objection, RatingForm
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.steps import Step
from civicportal.domain.cases.workflow import Prefill, Transition
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.request import Request
from civicportal.web.schema import StrictSchema, whole_number

if TYPE_CHECKING:
    from civicportal.core.work import Work

VERSION = "version"
"""Hidden field of transitions: the version of the case that the citizen saw."""


@dataclass(frozen=True, kw_only=True)
class CitizenStepForm:
    """A transition with its form or the reason against it."""

    step: Step
    form: BoundForm

    @property
    def asks(self) -> bool:
        """Return whether the form has fields or text."""
        return any(not field.hidden for field in self.form) or bool(self.form.errors)

    def shows(self, form: BoundForm | None) -> bool:
        """Return whether the page shows this form."""
        return form is self.form and not self.step.reason


def rating_form(request: Request, action: str, standing: RatingWindow | None) -> BoundForm:
    """Return the rating form, with the current rating."""
    mine = standing.mine if standing else None
    return BoundForm(
        request,
        RatingForm(),
        initial={"stars": str(mine.stars), "words": mine.words} if mine else None,
        buttons=(Button(title=_("Send"), css_class="btn-primary"),),
        action=action,
        prefix="rating",
    )


def objection_form(request: Request, action: str) -> BoundForm:
    """Return the objection form."""
    button = Button(title=_("Open the request again"), css_class="btn-danger-q")
    return BoundForm(
        request, Objection(), buttons=(button,), action=action, prefix="objection", ignore=(VERSION,)
    )


def note_form(request: Request, action: str) -> BoundForm:
    """Return the form of a citizen's note."""
    return BoundForm(
        request,
        CitizenNote(),
        buttons=(Button(title=_("Add the note"), css_class="btn-primary"),),
        action=action,
        prefix="note",
        ignore=(VERSION,),
        take_files=request.take_files,
    )


def count_note(request: Request, form: BoundForm, values: Values) -> None:
    """Count the note of a submitted form: before the case is read, because SQLite has room for one writer.

    :raises FormInvalid: when it is empty.
    """
    if not values["words"] and not values["photos"]:
        form.refuse("words", _("Please write something, or add a picture."))
    request.site.limits.hit("note_citizen", request.identity.user_id)


def add_note(request: Request, case: Case, values: Values) -> None:
    """Add the note of a submitted form to its case."""
    request.work.get(CaseService).add_note(
        case, values["words"], attachments=values["photos"], owner=request.upload_owner()
    )


def notices_form(request: Request, action: str, *, wanted: bool) -> BoundForm:
    """Return the switch for notices."""
    button = Button(title=_("Save"), css_class="btn-quiet btn-sm")
    return BoundForm(
        request,
        NotificationChoice(),
        initial={"wanted": wanted},
        buttons=(button,),
        action=action,
        prefix="notices",
    )


def step_form(request: Request, transition: Transition, case: Case, work: "Work") -> BoundForm:
    """Return the form of a transition."""
    schema = transition.schema() if transition.schema else StrictSchema()
    prefill = transition.prefill(case, work) if transition.prefill else Prefill()
    return BoundForm(
        request,
        schema,
        initial=prefill.initial,
        bindings=prefill.bindings,
        buttons=(
            Button(title=transition.title, css_class="btn-danger-q" if transition.confirm else "btn-primary"),
        ),
        action=request.route_path("my_step", code=case.code, step=transition.name),
        prefix=f"step-{transition.name}",
        ignore=(VERSION,),
        take_files=request.take_files,
    )


def step_forms(request: Request, case: Case, steps: list[Step]) -> dict[str, CitizenStepForm]:
    """Return the forms of the citizen's transitions by name."""
    return {
        step.transition.name: CitizenStepForm(
            step=step, form=step_form(request, step.transition, case, request.work)
        )
        for step in steps
    }


def is_stale(request: Request, case: Case) -> bool:
    """Return whether a form has an older version."""
    return VERSION in request.POST and sent_version(request) != case.version


def sent_version(request: Request) -> int:
    """Return the version of a form.

    An invalid one matches no case.
    """
    return whole_number(request.POST.get(VERSION, ""))
