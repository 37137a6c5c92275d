"""Broadcasts: written, confirmed with their cost, monitored, stopped."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api.forms import BoundForm, FormInvalid, Values
from civicportal.api.notifications import BroadcastLane, SendingGateService
from civicportal.api.plugins import Conflict
from civicportal.api.publishing import PersonalDataCheck, PersonalDataFound, PublicTexts
from civicportal.api.web import Request, ViewResult
from civicportal_announcements.board import AnnouncementReader
from civicportal_announcements.broadcasts import BroadcastService, Estimate
from civicportal_announcements.i18n import _
from civicportal_announcements.models import Post
from civicportal_announcements.schemas import BroadcastForm, ConfirmedBroadcast, settings_of


def listing(request: Request) -> dict[str, object]:
    """List the broadcasts."""
    service = request.work.get(BroadcastService)
    return {"rows": [(row, service.progress(row)) for row in service.latest()], **_money(request)}


def new(request: Request) -> ViewResult:
    """Write, confirm and send a broadcast."""
    confirming = request.method == "POST" and "number" in request.POST
    schema = ConfirmedBroadcast() if confirming else BroadcastForm()
    form = BoundForm(request, schema, initial=_initial(request), ignore=("action",))
    if request.method != "POST":
        return _page(request, form, None)
    if request.POST.get("action") == "change":
        form.fill(_texts(request))
        return _page(request, form, None)
    try:
        values = form.validate(request.POST)
    except FormInvalid:
        request.response.status_int = 422
        text = form["text"]
        return _page(request, form, None if text.error else _estimate(request, str(text.cstruct)))
    try:
        if confirming:
            return _send(request, form, values)
        request.work.get(PublicTexts).check(None, {"text": values["text"]})
    except PersonalDataFound as found:
        PersonalDataCheck(request, form).show(found)
        request.response.status_int = 422
        return _page(request, form, None)
    return _page(request, _confirmation(request), _estimate(request, values["text"]))


def show(request: Request) -> dict[str, object]:
    """Show the progress of a broadcast."""
    service = request.work.get(BroadcastService)
    broadcast = service.fetch(int(request.matchdict["id"]))
    post = request.work.session.get(Post, broadcast.post_id) if broadcast.post_id else None
    return {
        "broadcast": broadcast,
        "post": post,
        "progress": service.progress(broadcast),
        "quiet_until": request.work.get(BroadcastLane).quiet_until(),
        "gate_open": request.work.get(SendingGateService).is_open,
        **_money(request),
    }


def stop(request: Request) -> HTTPSeeOther:
    """Cancel the unsent messages."""
    number = int(request.matchdict["id"])
    request.work.get(BroadcastService).stop(number)
    request.session.flash(request.translate(_("The sending is stopped.")), "good")
    return HTTPSeeOther(request.route_path("announcements.broadcast", id=number))


def _send(request: Request, form: BoundForm, values: Values) -> ViewResult:
    service = request.work.get(BroadcastService)
    try:
        broadcast = service.start(
            values["text"], number=values["number"], form_key=values["key"], post_id=values["post"] or None
        )
    except Conflict:
        form.fail("number", _("This is not the number of people who would get it now."))
        request.response.status_int = 422
        return _page(request, form, service.estimate(values["text"]))
    return HTTPSeeOther(request.route_path("announcements.broadcast", id=broadcast.id))


def _initial(request: Request) -> dict[str, object]:
    """Return the announcement's text as a proposal, if any."""
    wanted = request.GET.get("post", "")
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 16):
        return {}
    post = request.work.get(AnnouncementReader).readable(int(wanted))
    organization = request.site.settings["contact"].get("organization", "") or request.site.short_name
    return {"post": post.id, "text": f"{post.title}\n{post.lead}\n{organization}"}


def _confirmation(request: Request) -> BoundForm:
    form = BoundForm(request, ConfirmedBroadcast(), ignore=("action",))
    form.fill(_texts(request))
    return form


def _texts(request: Request) -> dict[str, list[str]]:
    sent = request.POST
    return {
        name: [text for text in sent.getall(name) if isinstance(text, str)]
        for name in ("key", "post", "text")
    }


def _estimate(request: Request, text: str) -> Estimate:
    estimate: Estimate = request.work.get(BroadcastService).estimate(text)
    return estimate


def _page(request: Request, form: BoundForm, estimate: Estimate | None) -> dict[str, object]:
    gate = request.work.get(SendingGateService)
    return {
        "form": form,
        "estimate": estimate,
        "credit": gate.row.credit if gate.row else None,
        "credit_at": gate.row.credit_at if gate.row else None,
        "quiet_until": request.work.get(BroadcastLane).quiet_until(),
        "opt_out": settings_of(request.site)["opt_out"],
        "per_minute": settings_of(request.site)["per_minute"],
        **_money(request),
    }


def _money(request: Request) -> dict[str, object]:
    return {"currency": settings_of(request.site)["currency"]}
