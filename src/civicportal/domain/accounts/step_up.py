"""Re-authentication for sensitive actions, needed if the last proof is older than five minutes.

The submitted form is kept. Source: OWASP ASVS 5.0.0 7.5.1 and 7.5.3.
"""

from contextlib import suppress
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.accounts.pending_forms import fill_pending, forget_pending
from civicportal.domain.accounts.sessions import FORM, SessionService, TooLarge
from civicportal.web.forms import BoundForm
from civicportal.web.request import Request

__all__ = ["ask_proof", "forget_pending", "prove", "restore"]


def ask_proof(request: Request, form: BoundForm | None = None, *, back: str = "") -> HTTPSeeOther | None:
    """Return a redirect to the proof page.

    It is None if a proof was given within the last five minutes.

    :param form: the submitted form, if any: it is kept for the page to return to, unless it is larger than any
        acceptable form.
    :param back: path of that page with its query string; that of the request if empty.
    """
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        if work.get(SessionService).is_proved(request.identity.session_id):
            return None
    sent = request.method == "POST"
    if sent and form is not None:
        _keep(request, form, back.partition("?")[0] or request.path)
    back = back or (request.path if sent else request.path_qs)
    return HTTPSeeOther(f"{request.route_path('account_confirm')}?{urlencode({'next': back})}")


def prove(
    request: Request, form: BoundForm | None = None, *, back: str = "", shows: bool = False
) -> HTTPSeeOther | None:
    """Return a redirect to the proof page, None if a proof was given within the last five minutes.

    What was typed is kept, and shown again afterwards.

    :param form: of the page, if it has one.
    :param back: path of the page to return to with its query string; that of the request if empty.
    :param shows: the page may be seen without a proof; only its form asks for one.
    """
    sent = request.method == "POST"
    asked = ask_proof(request, form, back=back) if sent or not shows else None
    if asked is None and form is not None:
        restore(request, form)
        if sent:
            _forget(request, back.partition("?")[0] or request.path)
    return asked


def restore(request: Request, form: BoundForm) -> None:
    """Restore the kept form when its page is shown again."""
    if request.method == "GET":
        fill_pending(request, form)


def _forget(request: Request, path: str) -> None:
    if "work" in vars(request):
        # A second writer would wait for the first one for ever.
        forget_pending(request, path)
    elif request.session_token and request.identity.has_pending_forms is not False:
        # A separate unit of work: that of the request may not be open yet, as where the view calls another server.
        with request.site.work(actor=request.identity, locale=request.locale_name) as work:
            work.get(SessionService).forget(request.session_token, FORM + path)


def _keep(request: Request, form: BoundForm, path: str) -> None:
    form.keep(request.POST)
    with suppress(TooLarge):
        request.work.get(SessionService).store_encrypted(
            request.ensure_session_token(), FORM + path, form.draft()
        )
