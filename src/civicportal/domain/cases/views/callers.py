"""The caller's screen: the number of a telephone call, and who calls."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.core.limits import LimitExceeded
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.cases.callers import CallerDetails, CallerService
from civicportal.util.countries import InvalidMobile
from civicportal.util.errors import Forbidden
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, MobileWidget
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Mobile, Node, StrictSchema

NUMBER = "caller"
"""Key of the number of a call in the session, on its way to a form."""
CALL = "call"
"""Query parameter of a page that is opened for the call in the session; the number itself stands in no address."""
LOOK = "look"
"""The button that looks up the caller where no script does."""
BUTTONS = ("kind", LOOK)


class CallSchema(StrictSchema):
    """The number of a caller."""

    number = Node(
        Mobile(), title=_("Number of the caller"), missing=None, widget=MobileWidget(autocomplete="off")
    )


def call(request: Request) -> ViewResult:
    """Show who calls, or open the form of a service for them.

    A number in the query string, as a telephone system may send it, is taken out of the address.
    """
    kinds = request.work.get(CallerService).kinds()
    if not kinds:
        raise Forbidden("registers no cases")
    if number := request.GET.get("number", "")[:40]:
        return _open_for(request, number, "call")
    request.response.cache_control = "no-store"
    offered = [kind for kind in kinds if kind.register_route]
    shown: dict[str, object] = {"kinds": offered, "calling": None}
    rung = rung_number(request)
    form = BoundForm(request, CallSchema(), initial={"number": rung} if rung else None, ignore=BUTTONS)
    if request.method == "GET" and rung:
        form.fill({"number": [rung]})
        shown["calling"] = _looked_up(request, form, "number")

    def choose(values: Values) -> ViewResult:
        kind = next((one for one in offered if one.name == request.POST.get("kind")), None)
        if kind is None or kind.register_route is None:
            shown["calling"] = _looked_up(request, form, "number")
            return {"form": form, **shown}
        if values["number"]:
            return _open_for(request, values["number"], kind.register_route)
        return HTTPSeeOther(request.route_path(kind.register_route))

    answer = form.handle(choose)
    return {**answer, **shown} if isinstance(answer, dict) else answer


def person(request: Request) -> dict[str, object]:
    """Return who has the number that is being typed, as a piece of the page; nothing while it is incomplete."""
    request.response.cache_control = "no-store"
    form = BoundForm(request, CallSchema())
    form.fill({"number": [str(request.POST.get("number", ""))[:40]]})
    caller = _looked_up(request, form, "number") if form.valid() else None
    return {"calling": caller, "form": form}


def rung_number(request: Request) -> str:
    """Return the number of the call for which a page is opened, once; empty if there is none."""
    if request.method != "GET" or CALL not in request.GET:
        return ""
    token = request.ensure_session_token()
    # In a unit of work of its own, because the page's is read-only.
    with request.site.work(actor=request.identity, locale=request.locale_name) as work:
        sessions = work.get(SessionService)
        number = str(sessions.decrypted(token, NUMBER).get(NUMBER, ""))
        if number:
            sessions.forget(token, NUMBER)
    return number


def _open_for(request: Request, number: str, route: str) -> HTTPSeeOther:
    """Keep the number of a call in the session, encrypted, and open a page for it."""
    with request.site.work(actor=request.identity, locale=request.locale_name) as work:
        work.get(SessionService).store_encrypted(request.ensure_session_token(), NUMBER, number)
    return HTTPSeeOther(request.route_path(route, _query={CALL: ""}))


def look_up(request: Request, form: BoundForm) -> CallerDetails | None:
    """Return who has the mobile of a registration form.

    It is None for no valid number, with the reason at the field.
    """
    return _looked_up(request, form, "mobile")


def _looked_up(request: Request, form: BoundForm, name: str) -> CallerDetails | None:
    typed = form[name].cstruct
    if not isinstance(typed, str) or not typed.strip():
        form.fail(name, _("Write the mobile number of the caller."))
        return None
    try:
        mobile = request.site.country.normalize_mobile(typed)
        request.site.limits.hit("caller_officer", request.identity.user_id)
        # In a unit of work of its own, because the look-up is recorded whatever becomes of the page.
        with request.site.work(actor=request.identity, locale=request.locale_name) as work:
            return work.get(CallerService).find(mobile)
    except InvalidMobile:
        form.fail(
            name, _("This is no mobile number. Check it with the caller; the form works without one too.")
        )
    except LimitExceeded:
        form.fail(
            name, _("You have looked up many callers. Register the case as usual; try again in an hour.")
        )
    return None
