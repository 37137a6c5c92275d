"""The pages of a contractor's link, for people without an account.

The token stands in the address only: it is in no log, no audit event and no referrer.
"""

from contextlib import suppress
from datetime import datetime
from functools import partial

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response

from civicportal.core.security import Identity
from civicportal.domain.accounts.guards import visitor
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.views.files import send_picture
from civicportal.domain.kartable import schemas
from civicportal.domain.kartable.contractors import CANNOT, DONE, ContractorPageService
from civicportal.util.errors import NotFound
from civicportal.util.geo.points import Point
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web import errors
from civicportal.web.display import render_areas
from civicportal.web.forms import BoundForm
from civicportal.web.request import Request, ViewResult

ROBOTS = "noindex, nofollow, noarchive"
OUTCOMES = {DONE: _("Done"), CANNOT: _("Cannot be done")}


def page(request: Request) -> ViewResult:
    """Show the case of a link, and record what its contractor says."""
    request.response.headers["X-Robots-Tag"] = ROBOTS
    token = request.matchdict["token"]
    try:
        # A separate unit of work: the pictures are stored before another one opens.
        _note_use(request, token)
        form = BoundForm(request, schemas.ContractorAnswer(), send=_("Send"), take_files=request.take_files)
        answer = form.handle(partial(_answer, request, form, token))
        return answer if isinstance(answer, Response) else {"form": form, **_shown(request, token)}
    except NotFound:
        return _ended(request)


def large(request: Request) -> ViewResult:
    """Return a picture."""
    return _picture(request, "")


def small(request: Request) -> ViewResult:
    """Return the small version of a picture."""
    return _picture(request, ".small")


def _picture(request: Request, variant: str) -> ViewResult:
    _check_limit(request)
    found = request.work.get(ContractorPageService).picture(
        request.matchdict["token"], request.matchdict["key"]
    )
    return send_picture(request, found, variant, name="picture")


def _check_limit(request: Request) -> None:
    """Refuse a client that has tried too many wrong links.

    :raises LimitExceeded: then.
    """
    request.site.limits.check("contractor_address", request.remote_addr, by=visitor(request))


def _ended(request: Request) -> Response:
    """Answer a link that opens nothing, whatever the reason, and count it."""
    request.site.limits.hit("contractor_address", request.remote_addr, by=visitor(request))
    message = request.translate(
        _("This link opens nothing, or nothing any more: it has ended, or a part of the address is missing.")
    )
    response = errors.page(request, 404, "contractor", message=message)
    response.headers["X-Robots-Tag"] = ROBOTS
    return response


def _note_use(request: Request, token: str) -> None:
    _check_limit(request)
    with request.site.work(actor=Identity.VISITOR, locale=request.locale_name) as work:
        work.get(ContractorPageService).note_use(token)


def _answer(request: Request, form: BoundForm, token: str, values: Values) -> HTTPSeeOther:
    request.site.limits.hit("contractor_link", token)
    # The contractor answers, also in a browser in which a person is signed in.
    with request.site.work(actor=Identity.VISITOR, locale=request.locale_name) as work:
        service = work.get(ContractorPageService)
        try:
            service.answer(
                token,
                values["outcome"],
                note="\n".join(filter(None, [values["note"], *_device(request, values)])),
                before=values["before"],
                after=values["after"],
                owner=request.upload_owner(),
                once=form.once(values),
            )
        except Refused as refusal:
            form.refuse("", refusal.reason)
        form.leave_queue(repeated=service.cases.was_repeated)
    if not form.by_script:
        request.session.flash(request.translate(_("Thank you. The unit has been told.")), "good")
    return HTTPSeeOther(request.path)


def _device(request: Request, values: Values) -> list[str]:
    """Return lines about time and position of the device; what cannot be read counts as not said."""
    site, lines = request.site, []
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(values["device_at"])
        if moment.tzinfo:
            shown = site.calendar.format_datetime(moment, locale=site.locale)
            lines.append(_("Time of the device: ${moment}", mapping={"moment": shown}))
    with suppress(ValueError, OverflowError):
        lat, lon = map(float, values["device_place"].split(","))
        point = Point(lat, lon)
        place = f"{point.lat:.5f}, {point.lon:.5f}"
        lines.append(_("Position of the device: ${place}", mapping={"place": place}))
    return [site.localizer().translate(line) for line in lines]


def _shown(request: Request, token: str) -> dict[str, object]:
    found = request.work.get(ContractorPageService).open(token)
    panels = render_areas(request, "case_panels", ("contractor",), {"case": found.case}, case=found.case)
    return {
        "found": found,
        "panels": panels["contractor"],
        "outcome": OUTCOMES.get(found.said.data.get("outcome", "")) if found.said else None,
        "waits": found.link.answered_at is not None,
    }
