"""Sending a message of the outbox."""

from civicportal.api import Message, Permanent, Receipt, Site
from civicportal_sms_ir.client import SmsIr
from civicportal_sms_ir.deliveries import DeliveryService
from civicportal_sms_ir.lookup import find
from civicportal_sms_ir.settings import TABLE, Settings, Template
from civicportal_sms_ir.statuses import Misfit

SANDBOX_TEMPLATE = 123456
"""The only one a key of the type Sandbox knows; its text has one parameter, CODE."""


def send(message: Message, site: Site) -> Receipt:
    """Send a message, unless an earlier attempt turns out to have sent it.

    :raises SendError: by what went wrong.
    """
    if message.maybe_sent:
        found = find(message, site)
        if found:
            return Receipt(provider_id=found)
    provider_id = transmit(message, site)
    if provider_id and not Settings.of(site).sandbox:
        # At once: should this process die now, the provider need not be asked.
        with site.work() as work:
            work.get(DeliveryService).add(provider_id, message.id)
    return Receipt(provider_id=provider_id)


def transmit(message: Message, site: Site) -> str | None:
    """Hand a message to the provider and return its number there.

    A wrong template or line costs the notices that need it, not the gate: codes go another way. Only for a code, which
    somebody waits for at the sign-in, is it as bad as a wrong key.

    :raises SendError: by what went wrong.
    """
    try:
        return _transmit(message, site)
    except Misfit as error:
        if message.lane == "codes":
            raise
        raise Permanent(str(error)) from error


def _transmit(message: Message, site: Site) -> str | None:
    api, settings = SmsIr(site), Settings.of(site)
    template = settings.template(message)
    if settings.sandbox:
        code = next(iter(_values(message, template).values() if template else ()), "123456")
        return api.verify(message.recipient, SANDBOX_TEMPLATE, {"CODE": code})
    if template:
        return api.verify(message.recipient, template.number, _values(message, template))
    if settings.line is None:
        raise Misfit(f"{TABLE}.templates: no template for {message.kind}, and no line for free texts")
    (number,) = api.bulk(settings.line, free_text(message, settings.opt_out), [message.recipient])
    if number is None:
        raise Permanent("the mobile number is not valid, or the text is too long")
    if number == "0":
        raise Permanent("the mobile number is on the blacklist")
    return number


def free_text(message: Message, opt_out: str) -> str:
    """Return the words of a message without a template, with the way out at its end; a code needs none."""
    if not opt_out or message.lane == "codes" or message.text.rstrip().endswith(opt_out):
        return message.text
    return f"{message.text}\n{opt_out}"


def _values(message: Message, template: Template) -> dict[str, str]:
    return {name: message.fields.get(field, "") for field, name in template.parameters.items()}
