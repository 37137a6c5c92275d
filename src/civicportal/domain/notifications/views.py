"""Administration of messages: the outbox, and the wording of texts."""

from collections.abc import Mapping
from functools import partial

from pyramid.httpexceptions import HTTPSeeOther
from sqlalchemy import select

from civicportal.domain.accounts.models import User
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.finding import typed_search
from civicportal.domain.cases.models import Case
from civicportal.domain.notifications.arrivals import ARRIVALS
from civicportal.domain.notifications.book import MessageBook, MessageQuery
from civicportal.domain.notifications.gate import SendingGateService
from civicportal.domain.notifications.schemas import STATES, MessageFilters, MessageWording
from civicportal.domain.notifications.sms import SmsLength
from civicportal.domain.notifications.texts import TextService, fill
from civicportal.domain.notifications.troubles import localized_reason
from civicportal.util.countries import InvalidMobile
from civicportal.util.errors import Conflict, NotFound
from civicportal.util.i18n import _
from civicportal.util.persian import compact
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm
from civicportal.web.forms.filters import page_ends, with_query
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Option

FILTERS = ("state", "arrival", "kind", "code", "ending", "first", "last", "person")


def messages(request: Request) -> dict[str, object]:
    """List the messages with the filters of the URL."""
    work = request.work
    texts = request.site.messages
    kinds = [Option(value=key, label=text.title) for key, text in sorted(texts.items())]
    form = BoundForm(request, MessageFilters(), bindings={"kinds": kinds})
    values = form.read_filters(request.GET)
    book = work.get(MessageBook)
    page = book.page(MessageQuery(**values), **page_ends(request))
    chosen = {name: form[name].cstruct for name in FILTERS if values[name] not in (None, "")}
    return {
        "form": form,
        "values": values,
        "narrowed": bool(set(chosen) - {"state"}),
        "page": page,
        "states": STATES,
        "arrivals": ARRIVALS,
        "texts": texts,
        "counts": book.counts(),
        "gate": work.get(SendingGateService),
        "transport": request.site.transport,
        "localized_reason": partial(localized_reason, localizer=request.localizer),
        "url": lambda **changes: _url(request, {**chosen, **changes}),
    }


def find(request: Request) -> HTTPSeeOther:
    """Redirect to the messages of a code or mobile number.

    The number is not put into the URL.
    """
    text = compact(typed_search(request))
    if request.work.session.scalar(select(Case.id).where(Case.code == text)):
        return HTTPSeeOther(_url(request, {"code": text}))
    try:
        mobile = request.site.country.normalize_mobile(text)
    except InvalidMobile:
        mobile = ""
    person = request.work.session.scalar(select(User.id).where(User.mobile == mobile))
    if person is None:
        request.session.flash(request.translate(_("No case and no person was found for this.")), "warn")
        return HTTPSeeOther(_url(request, {}))
    return HTTPSeeOther(_url(request, {"person": person}))


def open_gate(request: Request) -> HTTPSeeOther:
    """Retry sending at once after the configuration was corrected."""
    try:
        request.work.get(SendingGateService).open_again()
    except Conflict:
        request.session.flash(request.translate(_("Messages get through already.")), "warn")
    else:
        request.session.flash(request.translate(_("Messages are tried again now.")), "good")
    return HTTPSeeOther(_url(request, {}))


def again(request: Request) -> HTTPSeeOther:
    """Resend a message that failed or whose outcome is unknown."""
    try:
        request.work.get(MessageBook).send_again(int(request.matchdict["id"]))
    except Conflict:
        request.session.flash(request.translate(_("This message cannot be sent again.")), "bad")
    else:
        request.session.flash(request.translate(_("The message is on its way again.")), "good")
    return HTTPSeeOther(request.safe_next(request.route_path("admin.messages")))


def texts(request: Request) -> dict[str, object]:
    """List the texts with their costs."""
    service = request.work.get(TextService)
    rows = [
        {
            "text": text,
            "sample": service.sample(key),
            "length": SmsLength.of(service.sample(key)),
            "changed": service.is_changed(key),
        }
        for key, text in sorted(request.site.messages.items())
    ]
    return {"rows": rows, "unused": service.unused_wordings()}


def text(request: Request) -> ViewResult:
    """Edit the wording of one text."""
    key = _key(request)
    service = request.work.get(TextService)
    form = BoundForm(
        request,
        MessageWording(),
        initial={"text": service.wording(key)},
        bindings={"flaw": lambda words: service.flaw(key, words)},
    )

    def save(values: Values) -> HTTPSeeOther:
        service.save(key, values["text"])
        request.work.get(AuditService).record("message_text:save", key=key)
        request.session.flash(request.translate(_("The text is kept. It is used from now on.")), "good")
        return HTTPSeeOther(_texts_url(request))

    words = str(form["text"].cstruct) if request.method != "POST" else str(request.POST.get("text", ""))
    sample = fill(words, service.sample_values(key))
    return form.handle(
        save,
        message=request.site.messages[key],
        allowed=sorted(service.allowed(key)),
        samples=service.sample_values(key),
        sample=sample,
        length=SmsLength.of(sample),
        proposed=service.default(request.site.messages[key]),
        changed=service.is_changed(key),
    )


def reset(request: Request) -> ViewResult:
    """Ask with the site's own wording shown, then restore the default one, or delete a wording that no message uses."""
    key, service = str(request.matchdict["key"]), request.work.get(TextService)
    message = request.site.messages.get(key)
    if message is None and key not in service.unused_wordings():
        raise NotFound("no such text")
    address = request.route_path("admin.message_text", key=key) if message else _texts_url(request)
    if message and not service.is_changed(key):
        # Another administrator was faster, or the page was sent twice.
        return HTTPSeeOther(address)
    if request.method == "GET":
        proposed = service.default(message) if message else ""
        return {"message": message, "key": key, "own": service.own_wordings()[key], "proposed": proposed}
    service.reset(key)
    request.work.get(AuditService).record("message_text:reset", key=key)
    told = _("The text is the usual one again.") if message else _("The wording was deleted.")
    request.session.flash(request.translate(told), "good")
    return HTTPSeeOther(address)


def _texts_url(request: Request) -> str:
    return request.route_path("admin.message_texts")


def _key(request: Request) -> str:
    key = str(request.matchdict["key"])
    if key not in request.site.messages:
        raise NotFound("no such text")
    return key


def _url(request: Request, parts: Mapping[str, object]) -> str:
    return with_query(request.route_path("admin.messages"), parts)
