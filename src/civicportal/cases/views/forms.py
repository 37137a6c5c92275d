"""The forms of a citizen's case page: rating, objection, notices, and the steps of its workflow."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from civicportal.cases.models import Case
from civicportal.cases.ratings import Standing
from civicportal.cases.schemas import Notices, Objection, RatingForm
from civicportal.cases.steps import Step
from civicportal.cases.uploads import take_files
from civicportal.cases.workflow import Prefill, Transition
from civicportal.forms import BoundForm, Button
from civicportal.i18n import _
from civicportal.schema import StrictSchema, whole_number
from civicportal.web.request import Request

if TYPE_CHECKING:
    from civicportal.work import Work

VERSION = "version"
"""Hidden field of steps: which version of the case the citizen saw."""


@dataclass(frozen=True, kw_only=True)
class StepForm:
    """A step with its form, or with the reason why it is not possible now."""

    step: Step
    form: BoundForm

    @property
    def asks(self) -> bool:
        """Return whether there is anything to fill in or to read before it is sent."""
        return any(not field.hidden for field in self.form) or bool(self.form.errors)

    def shows(self, form: BoundForm | None) -> bool:
        """Return whether the page shows this very form."""
        return form is self.form and not self.step.reason


def rating_form(request: Request, action: str, standing: Standing | None) -> BoundForm:
    """Return the form of the five faces, filled with what was said before."""
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
    """Return the form that opens a closed case again."""
    button = Button(title=_("Open the request again"), css_class="btn-danger-q")
    return BoundForm(
        request, Objection(), buttons=(button,), action=action, prefix="objection", ignore=(VERSION,)
    )


def notices_form(request: Request, action: str, *, wanted: bool) -> BoundForm:
    """Return the switch for notices."""
    button = Button(title=_("Save"), css_class="btn-quiet btn-sm")
    return BoundForm(
        request, Notices(), initial={"wanted": wanted}, buttons=(button,), action=action, prefix="notices"
    )


def step_form(request: Request, transition: Transition, case: Case, work: "Work") -> BoundForm:
    """Return the form of a step of the workflow."""
    schema = transition.schema() if transition.schema else StrictSchema()
    prefill = transition.prefill(case, work) if transition.prefill else Prefill()
    return BoundForm(
        request,
        schema,
        initial=prefill.initial,
        bindings=prefill.bindings,
        buttons=(Button(title=transition.title, css_class="btn-primary"),),
        action=request.route_path("my_step", code=case.code, step=transition.name),
        prefix=f"step-{transition.name}",
        ignore=(VERSION,),
        take_files=partial(take_files, request),
    )


def step_forms(request: Request, case: Case, steps: list[Step]) -> dict[str, StepForm]:
    """Return the forms of the steps a citizen has from here, by the step's name."""
    return {
        step.transition.name: StepForm(
            step=step, form=step_form(request, step.transition, case, request.work)
        )
        for step in steps
    }


def is_stale(request: Request, case: Case) -> bool:
    """Return whether a form that names the version it was made from was made from an earlier one."""
    return VERSION in request.POST and sent_version(request) != case.version


def sent_version(request: Request) -> int:
    """Return the version a form was made from; one that cannot be read fits no case."""
    return whole_number(request.POST.get(VERSION, ""))
