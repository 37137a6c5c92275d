"""Answers on the pages of cases."""

from collections.abc import Iterator

from civicportal.domain.cases.correction import CORRECTED
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.questionnaires.services import GivenAnswer, QuestionnaireService
from civicportal.web.items import Panel, PanelArea
from civicportal.web.request import Request

AREAS: tuple[PanelArea, ...] = ("facts", "citizen")
TEMPLATE = "civicportal:templates/questionnaires/panel.jinja2"


def case_panels(case: Case, request: Request) -> Iterator[Panel]:
    """Return the answers of a case, for its staff and its citizen."""
    kind = kinds_of(request.site).get(case.kind)
    if kind is None or not kind.asks:
        return
    if answers := answers_of(case, request):
        for area in AREAS:
            yield Panel(name="answers", area=area, template=TEMPLATE, weight=60, context={"answers": answers})


def answers_of(case: Case, request: Request) -> list[GivenAnswer]:
    """Return the answers of a case; one of a category without questions costs no statement."""
    # The page has read the history: only a correction may have changed the category.
    events = request.work.get(CaseService).events(case)
    corrected = any(event.type == CORRECTED for event in events)
    return request.work.get(QuestionnaireService).of(case, corrected=corrected)
