"""The page on which an officer makes a link for a contractor."""

from datetime import timedelta

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.cases.errors import Refused, StaleVersion
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable import schemas
from civicportal.domain.kartable.contractors import LONGEST_DAYS, ContractorService
from civicportal.domain.kartable.views import forms
from civicportal.domain.kartable.views.page import last_event
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm
from civicportal.web.request import Request, ViewResult

STALE = _("A colleague changed this case while you were writing. Look at it, and send again.")


def contractor(request: Request) -> ViewResult:
    """Make a link for a contractor, and show it once."""
    service = request.work.get(ContractorService)
    case = request.work.get(CaseService).fetch(request.matchdict["code"], lock=request.method == "POST")
    if not service.may_make(case):
        return HTTPSeeOther(forms.path(request, "kartable.case"))
    form = _form(request, service)

    def make(values: Values) -> dict[str, object]:
        try:
            link, token = service.make(
                case,
                name=values["name"],
                last_day=values["ends"],
                instruction=values["instruction"],
                mobile=values.get("mobile"),
                version=forms.sent_number(request, forms.VERSION),
            )
        except StaleVersion:
            form.refuse("", STALE)
        except Refused as refusal:
            form.refuse("", refusal.reason)
        address = request.route_path("contractor", token=token)
        shown = f"{request.site.public_url or request.host_url}".rstrip("/") + address
        return {**_page(request, case), "form": None, "link": link, "address": shown}

    return form.handle(make, **_page(request, case))


def _page(request: Request, case: Case) -> dict[str, object]:
    return {"case": case, "seen": last_event(request.work.get(CaseService), case)}


def _form(request: Request, service: ContractorService) -> BoundForm:
    today = request.site.calendar.today(request.site.clock.now())
    schema = schemas.ContractorSchema()
    if not request.site.public_url:
        # A message could not name the address of the portal.
        del schema["mobile"]
    return BoundForm(
        request,
        schema,
        send=_("Make the link"),
        initial={"ends": service.usual_end},
        bindings={"first": today, "last": today + timedelta(days=LONGEST_DAYS)},
        ignore=forms.OWN,
    )
