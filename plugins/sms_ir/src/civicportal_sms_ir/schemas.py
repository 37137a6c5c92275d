"""Settings of sms.ir in ``site.toml``."""

import ipaddress
from urllib.parse import urlsplit

import colander

from civicportal.api.settings import SettingsSchema, setting
from civicportal_sms_ir.i18n import _

BASE_URL = "https://api.sms.ir"


def is_loopback(url: str) -> bool:
    """Return whether a URL points to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _base_url(node: colander.SchemaNode, value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme != "http" or not is_loopback(value):
        raise colander.Invalid(node, f"must begin with https://, not {value!r}")


def _line(node: colander.SchemaNode, value: str) -> None:
    if value and not (value.isascii() and value.isdigit()):
        raise colander.Invalid(node, f"must be the digits of a line, not {value!r}")


def _whole(node: colander.SchemaNode, value: object) -> None:
    if not isinstance(value, int) or value < 1:
        raise colander.Invalid(node, f"must be the number of a template, not {value!r}")


class _Parameters(colander.SchemaType):
    """Placeholder of the text → name of the parameter in the panel."""

    def deserialize(self, node: colander.SchemaNode, cstruct: object) -> object:
        """Refuse anything but a table of names."""
        if cstruct is colander.null:
            return cstruct
        if not isinstance(cstruct, dict) or not all(
            isinstance(name, str) and name for name in cstruct.values()
        ):
            raise colander.Invalid(node, 'must look like { TRACK = "TRACK" }')
        return cstruct


class TemplateTable(SettingsSchema):
    """A template of the panel.

    :ivar id: its id.
    :ivar parameters: placeholder of the text → name of the parameter, as in the panel without ``#``.
    """

    id = setting(float, validator=_whole)
    parameters = colander.SchemaNode(_Parameters(), missing={})


class _Templates(colander.SchemaType):
    """Key of a text → template."""

    def deserialize(self, node: colander.SchemaNode, cstruct: object) -> object:
        """Validate each template, and report every problem under its own key."""
        if cstruct is colander.null:
            return cstruct
        if not isinstance(cstruct, dict):
            raise colander.Invalid(node, f"must be a table, not {type(cstruct).__name__}")
        found, problems = {}, colander.Invalid(node)
        for key, value in cstruct.items():
            try:
                found[key] = TemplateTable(name=key).deserialize(value)
            except colander.Invalid as problem:
                problems.add(problem)
        if problems.children:
            raise problems
        return found


class SmsIrSettings(SettingsSchema):
    """``[plugins.sms_ir]``.

    :ivar api_key: key of the web service, from the environment or a file.
    :ivar line: number of the line for free texts; empty without one.
    :ivar base_url: of the web service.
    :ivar templates: the panel's template of each text.
    :ivar sandbox: the key is of the type Sandbox: nothing is sent.
    :ivar opt_out: notice at the end of each free text except codes.
    :ivar low_credit: below this ``civicportal check`` warns.
    """

    title = _("Messages by sms.ir")
    icon = "device-mobile"

    api_key = setting(str, "")
    line = setting(str, "", validator=_line)
    base_url = setting(str, BASE_URL, validator=_base_url)
    templates = colander.SchemaNode(_Templates(), missing={})
    sandbox = setting(bool, False)
    opt_out = setting(str, "")
    low_credit = setting(float, 500, validator=colander.Range(min=0))
