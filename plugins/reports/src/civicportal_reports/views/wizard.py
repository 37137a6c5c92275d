"""Submission of a report."""

from functools import partial
from math import ceil, log2

from pyramid.httpexceptions import HTTPSeeOther
from sqlalchemy import ColumnElement

from civicportal.api.cases import Case, CaseService
from civicportal.api.forms import BoundForm, Values
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Conflict
from civicportal.api.publishing import PersonalDataCheck
from civicportal.api.submission import CaseSubmission, QuestionnaireService
from civicportal.api.web import Request, ViewResult
from civicportal_reports.categories import Topic, leaf_options, other_category, topics
from civicportal_reports.i18n import _
from civicportal_reports.near_cards import NearCard, NearCardService
from civicportal_reports.pins import Pins
from civicportal_reports.places import Location, OutsideCity, locate
from civicportal_reports.schemas import NearbyQuery, OwnSubmission
from civicportal_reports.search import PublicPoint
from civicportal_reports.services import NewReport, ReportService
from civicportal_reports.views.places import center, place_of
from civicportal_reports.workflow import KIND

#: Sent by the root cards, which only open their subcategories.
IGNORED = ("root",)
#: Anchor to which a pending form returns.
LAST_STEP = "#5"
_CLOSEST_ZOOM, _CLOSEST_METRES = 18, 60
"""Zoom of the map of near reports, and the largest distance that fits into it."""


def new(request: Request) -> ViewResult:
    """Show the form, or submit the report.

    A visitor signs in first and finds the form unchanged.
    """
    choice, questions = choices_before(request)
    submission = _submission(request, choice, questions)
    form = submission.form
    answer = form.handle(partial(_send, request, submission, questions), cards=[], unanswered=False)
    if isinstance(answer, dict):
        answer |= {"topics": choice, "questions": questions}
        answer["restored"] = submission.restored
        answer["chosen"] = _chosen(form, choice)
        answer["other_category"] = other_category(choice)
        answer["center"] = center(request)
    return answer


def check(request: Request) -> ViewResult:
    """Check the fields of one step."""
    submission = _submission(request, *choices_before(request))
    return submission.check_step(lambda: _warn(request, submission.form))


def _submission(
    request: Request, choice: list[Topic], questions: QuestionnaireService.Fields
) -> CaseSubmission:
    return CaseSubmission(
        request,
        questions.add_to(OwnSubmission()),
        KIND,
        send=_("Send the report"),
        anchor=LAST_STEP,
        bindings={"categories": leaf_options(choice)},
        ignore=IGNORED,
    )


def _warn(request: Request, form: BoundForm) -> None:
    """Warn about personal data; a report needs the address of the problem."""
    PersonalDataCheck(request, form).warn("body", without={"address"})


def _send(
    request: Request, submission: CaseSubmission, questions: QuestionnaireService.Fields, values: Values
) -> ViewResult:
    form = submission.form
    location = place_of(request, form, values)
    answers = questions.read(form, values, values["category"])
    cards = [] if values["near_seen"] else _cards_of_others(request, location, values["category"])
    if answers is None or cards:
        near = _near_variables(request, location, cards) if cards else {"cards": []}
        return {"form": form, "unanswered": answers is None, **near}
    if redirect := submission.admit(values):
        return redirect
    _warn(request, form)
    report = new_report(request, location, values, answers, idempotency_key=form.once(values))
    case = submission.open(lambda: request.work.get(ReportService).submit(report))
    return HTTPSeeOther(request.route_path("reports.sent", code=case.code))


def new_report(
    request: Request,
    location: Location,
    values: Values,
    answers: Values,
    *,
    source: str = "web",
    idempotency_key: str = "",
) -> NewReport:
    """Return the report of a submitted form.

    :param answers: to the questions of its category.
    :raises Conflict: when the category was deleted since the form was shown.
    """
    category = request.work.get(OrganizationService).category(KIND, values["category"])
    if category is None:
        raise Conflict("the category of a report has gone")
    return NewReport(
        category=category,
        location=location,
        body=values["body"],
        urgent=values["urgent"],
        photos=values["photo_key"],
        owner=request.upload_owner(),
        source=source,
        idempotency_key=idempotency_key,
        answers=answers,
    )


def sent(request: Request) -> dict[str, object]:
    """Confirm the report with its tracking code."""
    case = request.work.get(CaseService).fetch_own(request.matchdict["code"])
    return {"case": case}


def near(request: Request) -> dict[str, object]:
    """Name a place and show the open reports around it, as an HTML fragment."""
    form = BoundForm(request, NearbyQuery(), bindings={"categories": leaf_options(topics(request.work))})
    values = form.read_filters(request.GET)
    if values["place"] is None or values["place"]["lat"] is None:
        return {"location": None, "outside": False}
    try:
        location = locate(request.site.map, {**values["place"], "address": ""})
    except OutsideCity:
        return {"location": None, "outside": True}
    category = request.work.get(OrganizationService).category(KIND, values["category"] or "")
    cards = request.work.get(NearCardService).cards(location, category.id) if category else []
    return {"outside": False, **_near_variables(request, location, cards)}


def _cards_of_others(request: Request, location: Location, category_key: str) -> list[NearCard]:
    """Return the cards of other people's reports near the place of a new one."""
    others = Case.citizen_id.is_distinct_from(request.identity.user_id)
    return cards_near(request, location, category_key, others)


def cards_near(
    request: Request, location: Location, category_key: str, *conditions: ColumnElement[bool]
) -> list[NearCard]:
    """Return the cards of open reports near the place of a new one.

    :param conditions: on ``Case``.
    """
    # In a unit of work of its own, because the submission is counted before the request's opens.
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        category = work.get(OrganizationService).category(KIND, category_key)
        return work.get(NearCardService).cards(location, category.id, *conditions) if category else []


def _near_variables(request: Request, location: Location, cards: list[NearCard]) -> dict[str, object]:
    """Return the variables of the cards' template.

    A pin leads to its card.
    """
    shown = [card for card in cards if card.report.point] if location.point else []
    pins = Pins(request, request.work).for_everybody(PublicPoint.of(card.case, card.report) for card in shown)
    for pin, card in zip(pins, shown, strict=True):
        pin["url"] = f"#near-{card.case.id}"
    farthest = max((card.metres or 0 for card in shown), default=0)
    steps = ceil(log2(max(farthest / _CLOSEST_METRES, 1)))
    return {"location": location, "cards": cards, "pins": pins, "zoom": _CLOSEST_ZOOM - steps}


def choices_before(request: Request) -> tuple[list[Topic], QuestionnaireService.Fields]:
    """Return the categories and their questions in a separate unit of work.

    Uploaded pictures are processed before the request's opens.
    """
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        return topics(work), work.get(QuestionnaireService).fields(KIND)


def _chosen(form: BoundForm, choice: list[Topic]) -> str:
    """Return the key of the root whose subcategories are open."""
    category = form["category"].cstruct
    return next((topic.root.key for topic in choice if category in {leaf.key for leaf in topic.leaves}), "")
