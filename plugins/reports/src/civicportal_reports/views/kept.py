"""A report that a visitor has written waits in their session while they sign in."""

from typing import Any
from urllib.parse import quote

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api import KEPT_FORM, BoundForm, SessionService

KEY = f"{KEPT_FORM}/reports/new"
LAST_STEP = "#4"


def keep_and_sign_in(request: Any, form: BoundForm) -> Any:
    """Keep what stands in a form and show the citizens' door; it leads back to the form's last step."""
    request.work.get(SessionService).keep_visitor_data(request.ensure_session_token(), KEY, form.draft())
    target = quote(request.route_path("reports.new") + LAST_STEP)
    return HTTPSeeOther(f"/login?next={target}")


def fill_kept(request: Any, form: BoundForm) -> bool:
    """Put back what was kept, if anything was; tell whether it was."""
    token = request.session_token
    draft: Any = request.work.get(SessionService).visitor_data(token, KEY) if token else None
    if draft:
        form.fill(draft)
    return bool(draft)


def forget(request: Any) -> None:
    """Forget what was kept: it has been sent."""
    if request.session_token:
        request.work.get(SessionService).forget(request.session_token, KEY)
