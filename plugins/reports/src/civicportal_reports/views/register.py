"""Registration of reports by officers."""

from collections.abc import Callable
from functools import partial

from civicportal.api.cases import AccessService, Case
from civicportal.api.forms import BoundForm, Values
from civicportal.api.submission import QuestionnaireService, registration_form
from civicportal.api.web import Request, ViewResult
from civicportal_reports.categories import leaf_options
from civicportal_reports.i18n import _
from civicportal_reports.near_cards import NearCard
from civicportal_reports.schemas import Registration
from civicportal_reports.services import ReportService
from civicportal_reports.views.places import center, place_of
from civicportal_reports.views.wizard import cards_near, choices_before, near, new_report
from civicportal_reports.workflow import KIND


def new(request: Request) -> ViewResult:
    """Show the form, or register the report and show its code.

    Open reports nearby are shown first, once: the call may belong to one of them.
    """
    choice, questions = choices_before(request)
    cards: list[NearCard] = []
    answer = registration_form(
        request,
        questions.add_to(Registration()),
        KIND,
        partial(_prepare, request, cards, questions),
        send=_("Register the report"),
        bindings={"categories": leaf_options(choice)},
        existing=lambda case_id: request.work.get(ReportService).open_case(case_id, lock=True),
        topics=choice,
        questions=questions,
        center=center(request),
        cards=cards,
    )
    if isinstance(answer, dict):
        answer["visible"] = _visible(request, cards)
    return answer


def near_reports(request: Request) -> dict[str, object]:
    """Name the chosen place and show the open reports around it, as a piece of the form."""
    answer = near(request)
    cards = answer.get("cards")
    return {**answer, "visible": _visible(request, cards if isinstance(cards, list) else [])}


def _visible(request: Request, cards: list[NearCard]) -> set[int]:
    """Return the ids of the reports that the officer may open."""
    access = request.work.get(AccessService)
    return {card.case.id for card in cards if access.can(card.case, "view")}


def _prepare(
    request: Request,
    cards: list[NearCard],
    questions: QuestionnaireService.Fields,
    form: BoundForm,
    values: Values,
) -> Callable[[int | None, str], Case]:
    location = place_of(request, form, values)
    answers = questions.read(form, values, values["category"])
    if answers is None:
        form.refuse("", _("Please answer the questions of this category too."))
    if not values["near_seen"]:
        cards += cards_near(request, location, values["category"])
    if cards:
        form.refuse(
            "", _("There are open reports at this place: add the call to one of them, or register it.")
        )
    report = new_report(request, location, values, answers, source=values["source"])
    make_for = request.work.get(ReportService).make_for
    return lambda citizen_id, key: make_for(citizen_id, report, key)
