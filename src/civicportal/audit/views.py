"""The page of the audit trail."""

from typing import Any
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.audit.schemas import TrailFilters
from civicportal.audit.seals import SealService
from civicportal.audit.titles import TITLES
from civicportal.audit.trail import TrailQuery, TrailService
from civicportal.forms import BoundForm
from civicportal.i18n import _
from civicportal.schema import whole_number

FILTERS = ("action", "case", "first", "last", "actor", "subject")
NEWEST = 20
"""Seals that a press of the button verifies; the worker verifies them all every night."""


def trail(request: Any) -> dict[str, Any]:
    """List the events under the filters of the address."""
    # A trail speaks of cases and people by number; readers know codes and names.
    from civicportal.accounts.services import AccountService
    from civicportal.cases.codes import CodeService

    form = BoundForm(request, TrailFilters())
    values = form.read_filters(request.GET)
    cases = request.work.get(CodeService)
    code = values.pop("case")
    query = TrailQuery(**values, case_id=cases.id_of(code) if code else None)
    service = request.work.get(TrailService)
    page = service.page(query, before=_id(request, "before"), after=_id(request, "after"))
    chosen = {name: form[name].cstruct for name in FILTERS if form[name].cstruct}
    return {
        "form": form,
        "narrowed": bool(chosen),
        "chosen": chosen,
        "page": page,
        "codes": cases.codes_of(event.case_id for event in page.events if event.case_id),
        "names": request.work.get(AccountService).names(
            event.subject_id for event in page.events if event.subject_id
        ),
        "titles": TITLES,
        "verified": service.last_verified(),
        "seal": request.work.get(SealService).last(),
        "url": lambda **changes: _url(request, {**chosen, **changes}),
    }


def verify(request: Any) -> HTTPSeeOther:
    """Verify the newest seals at once."""
    with request.site.work(actor=request.identity, write=False) as work:
        found = work.get(SealService).verify(newest=NEWEST)
    if found.flaws:
        words = "؛ ".join(request.translate(flaw.problem) for flaw in found.flaws[:3])
        told = _("The trail does not hold: ${flaws}", mapping={"flaws": words})
    else:
        mapping = {"rows": found.rows, "seals": found.seals}
        told = _("The newest ${seals} seals over ${rows} events hold.", mapping=mapping)
    request.session.flash(request.translate(told), "bad" if found.flaws else "good")
    return HTTPSeeOther(request.route_path("admin.audit"))


def _id(request: Any, name: str) -> int | None:
    return whole_number(request.GET.get(name, "")) or None


def _url(request: Any, parts: dict[str, Any]) -> str:
    query = urlencode({name: value for name, value in parts.items() if value not in (None, "")})
    path = str(request.route_path("admin.audit"))
    return f"{path}?{query}" if query else path
