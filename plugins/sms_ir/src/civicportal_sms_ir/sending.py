"""Sending of outbox messages."""

from collections.abc import Sequence

from civicportal.api.localization import search_key
from civicportal.api.notifications import Message, PermanentFailure, Receipt, SendError
from civicportal.api.plugins import Site
from civicportal_sms_ir.client import SmsIr, is_iranian
from civicportal_sms_ir.deliveries import DeliveryService
from civicportal_sms_ir.i18n import _
from civicportal_sms_ir.lookup import find, find_each
from civicportal_sms_ir.settings import TABLE, Settings, Template
from civicportal_sms_ir.statuses import TemplateOrLineRejected

SANDBOX_TEMPLATE = 123456
"""The only template for a key of the type Sandbox; its text has one parameter, CODE."""


def send(message: Message, site: Site) -> Receipt:
    """Send a message, unless an earlier attempt has sent it.

    :raises SendError: by the kind of failure.
    """
    if message.maybe_sent:
        found = find(message, site)
        if found:
            return Receipt(provider_id=found)
    provider_id = transmit(message, site)
    if provider_id and not Settings.of(site).sandbox:
        # At once: if this process dies now, the provider need not be asked.
        with site.work() as work:
            work.get(DeliveryService).add(provider_id, message.id)
    return Receipt(provider_id=provider_id)


def send_at_once(messages: Sequence[Message], site: Site) -> list[Receipt | SendError]:
    """Send one text to several people over the line, except to those whom an earlier attempt has reached.

    :returns: the outcome of each message, in order.
    :raises SendError: when it could not be asked what was sent before.
    """
    abroad = PermanentFailure(_("not an Iranian mobile number"))
    results: dict[int, Receipt | SendError] = {
        message.id: abroad for message in messages if not is_iranian(message.recipient)
    }
    if messages[0].maybe_sent:
        found = find_each([message for message in messages if message.id not in results], site)
        results |= {number: Receipt(provider_id=provider_id) for number, provider_id in found.items()}
    rest = [message for message in messages if message.id not in results]
    if rest:
        results |= _send_rest(rest, site)
    return [results[message.id] for message in messages]


def _send_rest(messages: Sequence[Message], site: Site) -> dict[int, Receipt | SendError]:
    try:
        numbers = _over_the_line(messages, site)
    except TemplateOrLineRejected as error:
        return dict.fromkeys((message.id for message in messages), PermanentFailure(error.words))
    except SendError as error:
        return dict.fromkeys((message.id for message in messages), error)
    sent = {message.id: _result(number) for message, number in zip(messages, numbers, strict=True)}
    if not Settings.of(site).sandbox:
        with site.work() as work:
            deliveries = work.get(DeliveryService)
            for message_id, result in sent.items():
                if isinstance(result, Receipt) and result.provider_id:
                    deliveries.add(result.provider_id, message_id)
    return sent


def transmit(message: Message, site: Site) -> str | None:
    """Pass a message to the provider and return its id there.

    A wrong template or line fails the notifications that need it, not the gate: codes are sent another way. Only for a
    code, for which a person waits at the sign-in, is it as bad as a wrong key.

    :raises SendError: by the kind of failure.
    """
    try:
        return _transmit(message, site)
    except TemplateOrLineRejected as error:
        if message.lane == "codes":
            raise
        raise PermanentFailure(error.words) from error


def _transmit(message: Message, site: Site) -> str | None:
    api, settings = SmsIr(site), Settings.of(site)
    template = settings.template(message)
    if settings.sandbox:
        code = next(iter(_values(message, template).values() if template else ()), "123456")
        return api.verify(message.recipient, SANDBOX_TEMPLATE, {"CODE": code})
    if template:
        return api.verify(message.recipient, template.number, _values(message, template))
    result = _result(*_over_the_line([message], site))
    if isinstance(result, SendError):
        raise result
    return result.provider_id


def _over_the_line(messages: Sequence[Message], site: Site) -> list[str | None]:
    """Send the text of the first message to the recipients of all, and return the provider's ids."""
    settings, first = Settings.of(site), messages[0]
    if settings.line is None:
        values = {"table": f"{TABLE}.templates", "text": first.kind}
        raise TemplateOrLineRejected(
            _("${table}: no template for ${text}, and no line for free texts", mapping=values)
        )
    mobiles = [message.recipient for message in messages]
    return SmsIr(site).bulk(settings.line, free_text(first, settings.opt_out), mobiles)


def _result(number: str | None) -> Receipt | SendError:
    if number is None:
        return PermanentFailure(_("the mobile number is not valid, or the text is too long"))
    if number == "0":
        return PermanentFailure(_("the mobile number is on the blacklist"))
    return Receipt(provider_id=number)


def free_text(message: Message, opt_out: str) -> str:
    """Return the text of a message without a template, with the opt-out notice; a code needs none."""
    if not opt_out or message.lane == "codes" or _folded(message.text).endswith(_folded(opt_out)):
        return message.text
    return f"{message.text}\n{opt_out}"


def _folded(text: str) -> str:
    """Return a text without variations of typing: digits, blanks."""
    return search_key(text).replace(" ", "")


def _values(message: Message, template: Template) -> dict[str, str]:
    return {name: message.fields.get(field, "") for field, name in template.parameters.items()}
