"""Forms of tokens and of connected programs."""

from collections.abc import Iterable

from pyramid.i18n import Localizer

from civicportal.domain.tokens.scopes import TokenScope
from civicportal.util.i18n import _, ngettext, say
from civicportal.web.forms import RadioWidget, TextAreaWidget, TextWidget, optional_choice
from civicportal.web.schema import Choice, CleanText, ListOf, Node, Option, StrictSchema

MOST_SCOPES = 100
DAYS = (7, 30, 90, 180, 365, 730)
"""Offered lives of a token."""


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
    role = Node(Choice("roles"), title=_("Access level"))
    unit = optional_choice("units", _("Unit"), _("All units"))
    scopes = _scopes()


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
