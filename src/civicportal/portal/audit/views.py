"""The page of the audit trail."""

from collections.abc import Mapping

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.audit.seals import SealService
from civicportal.domain.audit.titles import titles_of
from civicportal.domain.audit.trail import TrailQuery, TrailService
from civicportal.portal.audit.schemas import AREAS, TrailFilters
from civicportal.util.i18n import _
from civicportal.web.forms import BoundForm
from civicportal.web.forms.filters import page_ends, with_query
from civicportal.web.request import Request
from civicportal.web.schema import Option

FILTERS = ("action", "case", "first", "last", "actor", "subject")
NEWEST = 20
"""Seals verified on request; the worker verifies all once a day."""


def trail(request: Request) -> dict[str, object]:
    """List the events with the filters of the URL."""
    # The trail refers to cases and people by id; readers know codes and names.
    from civicportal.domain.accounts.services import AccountService
    from civicportal.domain.cases.codes import CodeService

    titles = titles_of(request.site)
    actions = [*AREAS, *(Option(value=name, label=title) for name, title in titles.items())]
    form = BoundForm(request, TrailFilters(), bindings={"actions": actions})
    values = form.read_filters(request.GET)
    cases = request.work.get(CodeService)
    code = values["case"]
    filters = {name: value for name, value in values.items() if name != "case"}
    query = TrailQuery(**filters, case_id=cases.id_of(code) if code else None)
    service = request.work.get(TrailService)
    page = service.page(query, **page_ends(request))
    events = [event for (event,) in page.rows]
    chosen = {name: form[name].cstruct for name in FILTERS if form[name].cstruct}
    return {
        "form": form,
        "narrowed": bool(chosen),
        "chosen": chosen,
        "page": page,
        "events": events,
        "codes": cases.codes_of(event.case_id for event in events if event.case_id),
        "names": request.work.get(AccountService).names(
            event.subject_id for event in events if event.subject_id
        ),
        "titles": titles,
        "verified": service.last_verified(),
        "flawed": service.flawed(),
        "seal": request.work.get(SealService).last(),
        "url": lambda **changes: _url(request, {**chosen, **changes}),
    }


def verify(request: Request) -> HTTPSeeOther:
    """Verify the newest seals at once."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        found = work.get(SealService).verify(newest=NEWEST)
    if found.flaws:
        words = "؛ ".join(request.translate(flaw.problem) for flaw in found.flaws[:3])
        told = _("The trail does not hold: ${flaws}", mapping={"flaws": words})
    else:
        mapping = {"rows": found.rows, "seals": found.seals}
        told = _("The newest ${seals} seals over ${rows} events hold.", mapping=mapping)
    request.session.flash(request.translate(told), "bad" if found.flaws else "good")
    return HTTPSeeOther(request.route_path("admin.audit"))


def _url(request: Request, parts: Mapping[str, object]) -> str:
    return with_query(request.route_path("admin.audit"), parts)
