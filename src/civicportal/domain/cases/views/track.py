"""Tracking without signing in: a tracking code and its proof.

Every failure gets the same answer, whether the code exists or not, and is counted. Verified codes are stored with the
browser's session; the code is not part of the address while the proof is requested.
"""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.core.limits import Use
from civicportal.domain.accounts.guards import limited_attempt, requester, visitor
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.conversion import ConversionService
from civicportal.domain.cases.follow_up import FollowUpService
from civicportal.domain.cases.history import PublicHistory
from civicportal.domain.cases.proofs import keep_proof, proved_codes
from civicportal.domain.cases.references import ReferenceService, earlier_code
from civicportal.domain.cases.schemas import Follow
from civicportal.domain.cases.services import CaseService
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.web.challenge import beforehand
from civicportal.web.csrf import from_own_page
from civicportal.web.display import render_areas
from civicportal.web.forms import BoundForm, Button, FormInvalid
from civicportal.web.request import Request, ViewResult

AUDIENCES = ("citizen", "public")
LONGEST_CODE = 40
"""Maximum characters of a typed code, including spaces."""
MISS = _("No request was found with this tracking code and these four digits.")


def ask(request: Request) -> dict[str, object]:
    """Ask for code and proof."""
    return {"form": _shown(request)}


def take_code(request: Request) -> ViewResult:
    """Redirect a typed code to its proof, without a lookup."""
    if not from_own_page(request):
        return back_to_form(request)
    form = _shown(request)
    form.fill({"code": [request.POST.get("code", "")[:LONGEST_CODE]]})
    return {"form": form}


def back_to_form(request: Request) -> HTTPSeeOther:
    """Redirect to the form, for instance in another language."""
    return HTTPSeeOther(request.route_path("track"))


def check(request: Request) -> ViewResult:
    """Open the case, or report that nothing was found."""
    form = _form(request)
    return form.handle(lambda values: _open(request, form, **values))


def show(request: Request) -> ViewResult:
    """Show the timeline of a verified case; else ask for the proof."""
    code, work = request.matchdict["code"], request.work
    try:
        found = work.get(FollowUpService).fetch_proved(code, proved_codes(request))
    except NotFound:
        return HTTPSeeOther(request.route_path("track"))
    history, successor = work.get(PublicHistory), work.get(ConversionService).successor(found)
    papers = work.get(CaseService).kind(found).papers
    audiences = () if papers else AUDIENCES
    return {
        "row": work.get(FollowUpService).summary(found),
        "code": found.code,
        "earlier": earlier_code(work.get(CaseService).events(found)),
        "continued": request.route_path("track_case", code=successor.code) if successor else None,
        "events": history.of(found, audiences=audiences),
        "photos": [p for p in history.photos(found, audiences) if p.purpose == "before"],
        "words": "",
        "place": "",
        "stop": "",
        "papers": papers and bool(history.photos(found, AUDIENCES)),
        "standing": None,
        "faces": (),
        "refused_form": None,
        "rating": None,
        "notices": None,
        "note": None,
        "panels": render_areas(request, "case_panels", ("tracked",), {"case": found}, case=found)["tracked"],
    }


def _shown(request: Request) -> BoundForm:
    """Return the form to show, with a challenge if one is required."""
    form = _form(request)
    form.challenge = beforehand(request, form.site_limits, form.action)
    return form


def _form(request: Request) -> BoundForm:
    button = Button(title=_("Follow up"), css_class="btn-primary btn-lg")
    return BoundForm(
        request,
        Follow(),
        buttons=(button,),
        action=request.route_path("track"),
        site_limits=("track_site",),
        bindings={"has_references": lambda: _has_references(request)},
    )


def _has_references(request: Request) -> bool:
    # Not in the request's unit of work: see _open.
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        return work.get(ReferenceService).exist()


def _open(request: Request, form: BoundForm, *, code: str, proof: str) -> ViewResult:
    # A separate unit of work: a failed attempt is counted in its own transaction, before that of the request begins.
    with limited_attempt(request, *_uses(request, code), by=visitor(request)) as trying:
        with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
            found = work.get(FollowUpService).prove(code, proof)
            later = work.get(ConversionService).chain(found) if found else []
        trying.good = found is not None
    if found is None:
        form.fail("", MISS)
        raise FormInvalid
    # Access to a case includes the case to which it was converted.
    for case in (*later, found):
        keep_proof(request, case.code)
    return HTTPSeeOther(request.route_path("track_case", code=found.code))


def _uses(request: Request, code: str) -> list[Use]:
    """Return the limits of an attempt.

    The case's citizen and their devices are counted separately from others with the code.
    """
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        # An earlier code is another name of the same case: it gives no further attempts.
        code = next(iter(work.get(FollowUpService).known_codes(code)), code)
        owner = work.get(FollowUpService).owner(code)
    by = requester(request, User.id == owner)
    tried: Use = ("track_code", code) if by.is_unknown else ("track_own", code, by.id)
    return [tried, ("track_address", request.remote_addr), ("track_site",)]
