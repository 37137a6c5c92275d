"""Contributions of plugins to shared pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from translationstring import TranslationString

ALL_KINDS = "*"
"""Instead of the name of a kind: cases of every kind are counted."""


@dataclass(frozen=True, kw_only=True)
class NavigationItem:
    """A link of the citizens' navigation or of the staff sidebar.

    :ivar weight: higher first, then by name.
    :ivar section: "services" or "admin" in the staff sidebar; ignored for citizens.
    :ivar kind: the case kind whose open cases in the user's kartable are the badge.
    :ivar permission: required of staff; None is everyone.
    """

    name: str
    title: TranslationString
    route: str
    icon: str
    area: Literal["citizen", "staff"] = "citizen"
    section: Literal["", "services", "admin"] = "services"
    weight: int = 0
    kind: str | None = None
    permission: str | None = None


@dataclass(frozen=True, kw_only=True)
class Widget:
    """A part of the citizens' home page ("card", "main", "aside", "head") or of the staff desk ("desk").

    "head" is rendered in the HTML head: a link to a feed, a description.

    :ivar template: asset of a Jinja2 template, rendered with ``context`` added to the page's variables.
    :ivar context: variables, or a function that returns them: it is called only on the page that shows the widget, and
    returns None if there is nothing to show.
    """

    name: str
    area: Literal["card", "main", "aside", "head", "desk"]
    template: str
    context: Mapping[str, object] | Callable[[], Mapping[str, object] | None] = field(default_factory=dict)
    weight: int = 0


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A part of the case page of staff ("facts", "aside") and citizens ("citizen_top" above the history, "citizen").

    "tracked" is for visitors who have verified the tracking code and are not signed in.
    """

    name: str
    area: Literal["facts", "aside", "citizen_top", "citizen", "tracked"]
    template: str
    context: Mapping[str, object] = field(default_factory=dict)
    weight: int = 0
