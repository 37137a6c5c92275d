"""Administration of webhooks, and the schemas of events."""

import json
from functools import partial

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.core.outgoing.client import GuardedClient
from civicportal.domain.accounts.step_up import prove
from civicportal.domain.notifications.troubles import localized_reason
from civicportal.domain.organization.choices import category_options, unit_options
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.webhooks.events import CONTENT_TYPE, TEST, VERSION, events_of, schema_of
from civicportal.domain.webhooks.models import Webhook, WebhookDelivery
from civicportal.domain.webhooks.schemas import DeliveryFilters, WebhookForm
from civicportal.domain.webhooks.services import PAUSES, STATES, WebhookService
from civicportal.util.errors import Conflict, NotFound
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.editing import edit_form, handle_edit
from civicportal.web.forms import BoundForm
from civicportal.web.forms.filters import page_ends, with_query
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Option

STAGES = {"new": "registered", "leased": "in_progress", "sent": "done", "dead": "late"}
"""Looks of the states."""


def webhooks(request: Request) -> dict[str, object]:
    """List the webhooks with their health."""
    service = request.work.get(WebhookService)
    rows = service.all()
    return {
        "rows": rows,
        "summaries": service.summaries(rows),
        "pauses": PAUSES,
        "organization": request.work.get(OrganizationService),
    }


def new(request: Request) -> ViewResult:
    """Add a webhook, then show its secret."""
    form = _form(request, {})
    if asked := prove(request, form):
        return asked
    context: dict[str, object] = {"webhook": None, "secret": "", "seen": "", "stale": False}

    def save(values: Values) -> ViewResult:
        try:
            webhook, secret = request.work.get(WebhookService).add(_columns(request, values))
        except Conflict:
            form.refuse(
                "address", _("There are as many webhooks as there may be. Delete one that is not needed.")
            )
        return {"form": form, **context, "webhook": webhook, "secret": secret, "changes_since": []}

    return form.handle(save, **context, changes_since=[])


def edit(request: Request) -> ViewResult:
    """Change a webhook."""
    service = request.work.get(WebhookService)
    found = service.fetch(_id(request), lock=request.method == "POST")
    present = {
        "address": found.address,
        "description": found.description,
        "events": found.events,
        "category": str(found.category_id) if found.category_id else None,
        "unit": str(found.unit_id) if found.unit_id else None,
    }

    def save(values: Values) -> HTTPSeeOther:
        service.change(found, _columns(request, values))
        return _done(request, found, _("The webhook is kept."))

    form, current = _form(request, present, found), _form(request, present, found)
    if asked := prove(request, form):
        return asked
    return handle_edit(request, form, current, save, webhook=found, secret="")


def webhook(request: Request) -> dict[str, object]:
    """Show a webhook with its deliveries."""
    service = request.work.get(WebhookService)
    found = service.fetch(_id(request))
    form = BoundForm(request, DeliveryFilters())
    state = form.read_filters(request.GET)["state"]
    address = request.route_path("admin.webhook", id=found.id)
    return {
        "webhook": found,
        "summary": service.summaries([found])[found.id],
        "page": service.deliveries(found, state, **page_ends(request)),
        "state": state,
        "url": lambda **changes: with_query(address, {"state": state, **changes}),
        "organization": request.work.get(OrganizationService),
        "overlaps": len(service.secrets(found)) > 1,
        **_words(request),
    }


def test(request: Request) -> HTTPSeeOther:
    """Send a test event through the queue, and show what becomes of it."""
    service = request.work.get(WebhookService)
    found = service.fetch(_id(request))
    try:
        delivery = service.test(found)
    except Conflict:
        return _done(request, found, _("The webhook is paused: resume it first."), "warn")
    return HTTPSeeOther(request.route_path("admin.webhook_delivery", id=found.id, delivery=delivery.id))


def switch(request: Request) -> HTTPSeeOther:
    """Pause or resume a webhook."""
    service = request.work.get(WebhookService)
    found = service.fetch(_id(request), lock=True)
    if request.POST.get("paused") == "true":
        service.pause(found)
        return _done(request, found, _("The webhook is paused. Events are collected and wait."))
    service.resume(found)
    return _done(request, found, _("The webhook is sending again."))


def rotate(request: Request) -> ViewResult:
    """Ask, then make a new secret and show it."""
    if asked := prove(request):
        return asked
    service = request.work.get(WebhookService)
    found = service.fetch(_id(request), lock=request.method == "POST")
    secret = service.rotate(found) if request.method == "POST" else ""
    return {"webhook": found, "secret": secret}


def replay_failed(request: Request) -> HTTPSeeOther:
    """Send all failed deliveries again."""
    service = request.work.get(WebhookService)
    found = service.fetch(_id(request), lock=True)
    number = service.replay(found)
    told = _("Events on their way again: ${number}", mapping={"number": number})
    return _done(request, found, told) if number else _done(request, found, _("Nothing has failed."), "warn")


def delete(request: Request) -> ViewResult:
    """Ask, then delete a webhook."""
    service = request.work.get(WebhookService)
    found = service.fetch(_id(request), lock=request.method == "POST")
    if request.method == "GET":
        return {"webhook": found, "summary": service.summaries([found])[found.id]}
    service.delete(found)
    request.session.flash(request.translate(_("The webhook was deleted.")), "good")
    return HTTPSeeOther(request.route_path("admin.webhooks"))


def delivery(request: Request) -> dict[str, object]:
    """Show a delivery with its attempts."""
    service = request.work.get(WebhookService)
    found, one = _delivery(request)
    return {
        "webhook": found,
        "delivery": one,
        "attempts": service.attempts(one),
        "body": json.dumps(json.loads(one.body), ensure_ascii=False, indent=2),
        "headers": {"content-type": CONTENT_TYPE, "webhook-id": one.event_id},
        **_words(request),
    }


def replay(request: Request) -> HTTPSeeOther:
    """Send a delivery again."""
    found, one = _delivery(request)
    if request.work.get(WebhookService).replay(found, one):
        request.session.flash(request.translate(_("The event is on its way again.")), "good")
    else:
        request.session.flash(request.translate(_("The event is on its way already.")), "warn")
    return HTTPSeeOther(request.route_path("admin.webhook_delivery", id=found.id, delivery=one.id))


def schema(request: Request) -> dict[str, object]:
    """Return the JSON Schema of the data of an event."""
    found = schema_of(request.site, request.matchdict["name"])
    if found is None or int(request.matchdict["version"]) != VERSION:
        raise NotFound("no such schema")
    return found


def _id(request: Request) -> int:
    return int(request.matchdict["id"])


def _delivery(request: Request) -> tuple[Webhook, WebhookDelivery]:
    service = request.work.get(WebhookService)
    found = service.fetch(_id(request))
    return found, service.delivery(found, int(request.matchdict["delivery"]))


def _done(request: Request, found: Webhook, told: str, tone: str = "good") -> HTTPSeeOther:
    request.session.flash(request.translate(told), tone)
    return HTTPSeeOther(request.route_path("admin.webhook", id=found.id))


def _words(request: Request) -> dict[str, object]:
    return {
        "states": STATES,
        "stages": STAGES,
        "titles": {name: event.title for name, event in events_of(request.site).items()}
        | {TEST: _("A test of the webhook")},
        "pauses": PAUSES,
        "localized_reason": partial(localized_reason, localizer=request.localizer),
    }


def _checked(request: Request, address: str) -> str:
    return GuardedClient.checked(request.site, address)


def _form(request: Request, present: Values, found: Webhook | None = None) -> BoundForm:
    work = request.work
    bindings = {
        "events": [Option(value=name, label=event.title) for name, event in events_of(request.site).items()],
        "categories": category_options(work, unused=True),
        "units": unit_options(work, keep=(found.unit_id,) if found else ()),
        "check_address": partial(_checked, request),
    }
    return edit_form(request, WebhookForm(), present, bindings=bindings)


def _columns(request: Request, values: Values) -> dict[str, object]:
    return {
        "address": _checked(request, values["address"]),
        "description": values["description"],
        "events": sorted(values["events"]),
        "category_id": int(values["category"]) if values["category"] else None,
        "unit_id": int(values["unit"]) if values["unit"] else None,
    }
