"""The desk of the head of a unit: loads of the officers, and assignment of a colleague's cases."""

from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.domain.cases.models import Case
from civicportal.domain.cases.narrowing import TEAM
from civicportal.domain.kartable import bulk as many
from civicportal.domain.kartable.assignment import NO_ONE, AssignmentService
from civicportal.domain.kartable.balance import BalanceService
from civicportal.domain.kartable.filters import ADDRESS
from civicportal.domain.kartable.schemas import HandOnSchema, TeamQuery
from civicportal.domain.kartable.team import TEAM_SORTS, TeamService
from civicportal.domain.kartable.views import forms
from civicportal.domain.kartable.views.bulk import MOST
from civicportal.domain.kartable.views.bulk_result import SourceList, show_later
from civicportal.util import tracking
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.web.forms import BoundForm, FormInvalid
from civicportal.web.forms.filters import with_query
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Option, whole_number

if TYPE_CHECKING:
    from civicportal.core.work import Work

SOURCE = SourceList(route="team")
SORTS: list[tuple[str | None, TranslationString]] = [(None, _("Name")), *TEAM_SORTS.items()]
CONFIRMED = "confirmed"
"""Hidden field with the selection whose number of cases was shown."""


def team(request: Request) -> dict[str, object]:
    """Show the officers of the units that the person heads, with links to the cases of each."""
    service = request.work.get(TeamService)
    form = BoundForm(request, TeamQuery())
    values = form.read_filters(request.GET)
    return {
        "page": service.page(whole_number(request.GET.get("page")), name=values["q"], sort=values["sort"]),
        "form": form,
        "values": values,
        "sorts": SORTS,
        "address": lambda **changes: with_query(request.route_path("team"), {**values, **changes}),
        "leads": service.leads,
        "everyone": TEAM,
        "list_url": _list_url,
        "now": request.work.clock.now(),
    }


def hand_on(request: Request) -> ViewResult:
    """Assign all or the overdue cases of a colleague to another, or to the unit, after a confirmation."""
    user_id = whole_number(request.matchdict["id"])
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        service = work.get(TeamService)
        officer = service.officer(user_id)
        if officer is None:
            raise NotFound("not one of the team")
        load = service.load(user_id)
        form = _form(request, work, user_id)
    page = {"officer": officer, "load": load, "form": form, "asked": None, "addressed": 0, "most": MOST}
    if request.method == "GET":
        return page
    try:
        values = form.validate(request.POST)
    except FormInvalid:
        request.response.status_int = 422
        return page
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        service = work.get(TeamService)
        codes = service.codes(user_id, values["which"], MOST)
        addressed = service.addressed_codes(user_id, MOST) if values["which"] == "all" else []
    if request.POST.get(CONFIRMED) != values["which"]:
        return {**page, "asked": len(codes), "addressed": len(addressed), "which": values["which"]}

    def assign(work: "Work", case: Case) -> object:
        service = work.get(AssignmentService)
        return service.assign(case, forms.recipient(values), note=values["note"], held_by=user_id)

    def assign_addressed(work: "Work", case: Case) -> object:
        service = work.get(AssignmentService)
        return service.hand_on_asked(case, user_id, forms.recipient(values), note=values["note"])

    outcomes = [
        *many.each(request.site, request.identity, codes, assign),
        *many.each(request.site, request.identity, addressed, assign_addressed),
    ]
    return show_later(request, outcomes, _("Handed over"), undoable=True, source=SOURCE)


def balance(request: Request) -> ViewResult:
    """Show a suggested even distribution of the untaken cases, or assign them as it was shown."""
    if request.method == "GET":
        return {"suggestion": request.work.get(BalanceService).suggestion(MOST)}
    pairs = (text.partition(":") for text in request.POST.getall("share")[:MOST])
    shares = {code: whole_number(user_id) for code, _colon, user_id in pairs if tracking.is_valid(code)}

    def assign(work: "Work", case: Case) -> object:
        return work.get(AssignmentService).assign(case, shares[case.code], held_by=NO_ONE)

    outcomes = many.each(request.site, request.identity, shares, assign)
    return show_later(request, outcomes, _("Handed over"), undoable=True, source=SOURCE)


def _form(request: Request, work: "Work", user_id: int) -> BoundForm:
    people = work.get(TeamService).recipients(user_id)
    options = [Option(value=str(one.user_id), label=one.name) for one in people]
    return BoundForm(
        request,
        HandOnSchema(),
        initial={"which": "all"},
        bindings={"colleagues": [Option(value=forms.UNIT, label=_("The whole unit")), *options]},
        ignore=(CONFIRMED,),
    )


def _list_url(holder: str, view: str) -> str:
    """Return the URL of the list with exactly the cases of a number."""
    return with_query(ADDRESS, {"view": "" if view == "all" else view, "holder": holder})
