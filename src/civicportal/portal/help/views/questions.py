"""Administration of frequent questions."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.audit.services import AuditService
from civicportal.portal.help.models import HelpQuestion
from civicportal.portal.help.schemas import QuestionSchema
from civicportal.portal.help.services import HelpService, anchor_of
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm
from civicportal.web.language import all_languages
from civicportal.web.ordering import step
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Option


def questions(request: Request) -> dict[str, object]:
    """List the questions by language."""
    service = request.work.get(HelpService)
    return {"languages": [(code, name, service.rows(code)) for code, name in all_languages(request.site)]}


def new(request: Request) -> ViewResult:
    """Create a question."""
    locale = request.GET.get("language", request.site.locale)
    form = _form(request, {"locale": locale, "active": True})

    def add(values: Values) -> HTTPSeeOther:
        return _kept(request, request.work.get(HelpService).add(**values))

    return form.handle(add, row=None)


def edit(request: Request) -> ViewResult:
    """Change a question."""
    row = _row(request)
    kept = {"locale": row.locale, "question": row.question, "answer": row.answer, "active": row.active}
    form = _form(request, kept)

    def save(values: Values) -> HTTPSeeOther:
        request.work.get(HelpService).change(row, **values)
        return _kept(request, row)

    return form.handle(save, row=row)


def move(request: Request) -> HTTPSeeOther:
    """Swap a question with its neighbour."""
    row = _row(request)
    request.work.get(HelpService).move(row, step(request))
    return _back(request, row)


def delete(request: Request) -> ViewResult:
    """Delete a question after a confirmation."""
    row = _row(request)
    if request.method == "GET":
        return {"row": row}
    request.work.get(HelpService).delete(row)
    request.work.get(AuditService).record("question:delete", question=row.id)
    request.session.flash(request.translate(_("The question is deleted.")), "good")
    return HTTPSeeOther(request.route_path("questions"))


def _kept(request: Request, row: HelpQuestion) -> HTTPSeeOther:
    request.work.get(AuditService).record("question:save", question=row.id)
    request.session.flash(request.translate(_("The question is saved.")), "good")
    return _back(request, row)


def _back(request: Request, row: HelpQuestion) -> HTTPSeeOther:
    return HTTPSeeOther(request.route_path("questions", _anchor=anchor_of(row)))


def _row(request: Request) -> HelpQuestion:
    return request.work.get(HelpService).fetch(int(request.matchdict["id"]))


def _form(request: Request, initial: Values) -> BoundForm:
    offered = [Option(value=code, label=name) for code, name in all_languages(request.site)]
    return BoundForm(request, QuestionSchema(), initial=initial, bindings={"languages": offered})
