"""Messages on the page that follows an action on a case."""

from translationstring import TranslationString

from civicportal.domain.cases.models import Case
from civicportal.domain.kartable.undo import UndoService
from civicportal.util.i18n import _
from civicportal.web.request import Request

LONGEST_SUBJECT = 80
"""Characters: the message travels in a cookie."""


def flash_done(request: Request, case: Case, done: TranslationString) -> None:
    """Show a success message, with a button to undo the change while that is possible."""
    undo = request.work.get(UndoService)
    event = undo.last(case)
    text = request.translate(done)
    if event is None:
        request.session.flash(text, "good")
        return
    message = {
        "text": text,
        "url": request.route_path("kartable.undo", code=case.code, _query={"event": event.id}),
        "title": request.translate(_("Undo")),
        "code": case.code,
        "subject": case.subject[:LONGEST_SUBJECT],
        "seconds": str(undo.seconds_left(event)),
    }
    request.session.flash(message, "undo")
