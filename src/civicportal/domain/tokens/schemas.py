"""Forms of tokens and of connected programs."""

from collections.abc import Iterable
from urllib.parse import urlsplit

import colander
from pyramid.i18n import Localizer

from civicportal.domain.tokens.scopes import TokenScope
from civicportal.util.i18n import _, ngettext, say
from civicportal.web.forms import RadioWidget, TextAreaWidget, TextWidget, optional_choice
from civicportal.web.schema import Choice, CleanText, ListOf, Node, Option, StrictSchema

MOST_SCOPES = 100
MOST_ADDRESSES, LONGEST_ADDRESS = 10, 500
LOOPBACK = ("127.0.0.1", "::1", "localhost")
DAYS = (7, 30, 90, 180, 365, 730)
"""Offered lives of a token."""


def _are_addresses(node: colander.SchemaNode, value: str) -> None:
    wrong = next((line for line in value.split() if not _is_address(line)), None)
    if wrong is not None:
        raise colander.Invalid(
            node,
            _(
                "${address} cannot be used: write an address with https, one of this machine (http://127.0.0.1/…), or one of an app (org.example.app:/…).",
                mapping={"address": wrong[:100]},
            ),
        )
    if len(value.split()) > MOST_ADDRESSES:
        raise colander.Invalid(
            node, _("At most ${count} are allowed here.", mapping={"count": MOST_ADDRESSES})
        )


def _is_address(text: str) -> bool:
    """Return whether people may be sent to an address; source: RFC 8252 §7."""
    if len(text) > LONGEST_ADDRESS or not text.isascii() or "#" in text or set(text) & set('"\\<>'):
        return False
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host) and "@" not in parts.netloc
    if parts.scheme == "http":
        return host in LOOPBACK
    return "." in parts.scheme and not parts.netloc and parts.path.startswith("/")


def _scopes() -> Node:
    return Node(
        ListOf(Choice("scopes"), max=MOST_SCOPES),
        title=_("What it may do"),
        description=_("As little as the program needs."),
        widget=RadioWidget(),
    )


def _days() -> Node:
    return Node(Choice("days"), title=_("Valid for"))


class TokenEntry(StrictSchema):
    """A personal token; bound to ``scopes``, ``days`` and, for staff, ``units``."""

    name = Node(
        CleanText(2, 60),
        title=_("Name"),
        description=_("The program or device that uses it, for instance: map of the city."),
        widget=TextWidget(autocomplete="off"),
    )
    scopes = _scopes()
    unit = optional_choice("units", _("Only for"), _("All that you may see"))
    days = _days()


class ClientEntry(StrictSchema):
    """A connected program; bound to ``roles``, ``units`` and ``scopes``."""

    name = Node(
        CleanText(2, 60),
        title=_("Name"),
        description=_("The history of cases shows this name."),
        widget=TextWidget(autocomplete="off"),
    )
    note = Node(
        CleanText(0, 500, multiline=True),
        title=_("What for, and who answers for it"),
        description=_("Only staff read this."),
        missing="",
        widget=TextAreaWidget(rows=3),
    )
    role = optional_choice("roles", _("Access level"), _("None: it only acts for people"))
    unit = optional_choice("units", _("Unit"), _("All units"))
    scopes = _scopes()

    redirect_uris = Node(
        CleanText(0, 2000, multiline=True),
        title=_("Return addresses of OAuth"),
        description=_(
            "Only for programs that act for people: where they return to after they have agreed. One in each line, "
            "exactly as the program names it."
        ),
        missing="",
        widget=TextAreaWidget(rows=2, css_class="ltr d-block w-100"),
        validator=_are_addresses,
    )


class NewClient(ClientEntry):
    """A new connected program, with the life of its first token; bound to ``days`` too."""

    days = _days()


class Rotation(StrictSchema):
    """A further token of a connected program; bound to ``days``."""

    days = _days()


def days_options(localizer: Localizer, usual: int, most: int) -> list[Option]:
    """Return the lives of a token that are offered.

    :param usual: days; is among them.
    :param most: days; none is longer.
    """
    offered = sorted({days for days in (*DAYS, usual, most) if days <= most})
    return [
        Option(value=str(days), label=say(ngettext("${n} day", "${n} days", days), localizer))
        for days in offered
    ]


def scope_options(localizer: Localizer, scopes: Iterable[TokenScope]) -> list[Option]:
    """Return scopes with their names, by which programs and their manuals call them."""
    return [Option(value=scope.name, label=say(scope.title, localizer), hint=scope.name) for scope in scopes]
