"""Messages on the page that follows an action on a case."""

from translationstring import TranslationString

from civicportal.domain.cases.models import Case
from civicportal.domain.kartable.undo import UndoService
from civicportal.util.i18n import _
from civicportal.web.request import Request


def flash_done(request: Request, case: Case, done: TranslationString) -> None:
    """Tell what was done, with a button to undo it while that is possible."""
    event = request.work.get(UndoService).last(case)
    text = request.translate(done)
    if event is None:
        request.session.flash(text, "good")
        return
    url = request.route_path("kartable.undo", code=case.code, _query={"event": event.id})
    request.session.flash({"text": text, "url": url, "title": request.translate(_("Undo"))}, "good")
