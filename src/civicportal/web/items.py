"""What plugins contribute to pages that show several of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from translationstring import TranslationString

ALL_KINDS = "*"
"""Instead of the name of a kind: the cases of every kind are counted."""


@dataclass(frozen=True, kw_only=True)
class NavigationItem:
    """A link of the citizens' bar or of the staff side bar.

    :ivar weight: heavier comes first, then the name decides.
    :ivar section: "services" or "admin" in the side bar of staff; ignored for citizens.
    :ivar kind: the case kind whose open cases in one's kartable are counted beside the link.
    :ivar permission: who sees it among staff; None is everyone.
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
    """A piece of the citizens' home ("card", "main", "aside", "head") or of the staff desk ("desk").

    What is drawn for "head" stands in the head of the page: a link to a feed, a description.

    :ivar template: asset of a Jinja2 template, rendered with ``context`` added to the page's names.
    :ivar context: names, or a function that reads them: it is called only on the page that shows the piece, and
        returns None where there is nothing to show.
    """

    name: str
    area: Literal["card", "main", "aside", "head", "desk"]
    template: str
    context: Mapping[str, object] | Callable[[], Mapping[str, object] | None] = field(default_factory=dict)
    weight: int = 0


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A piece of the case page of staff ("facts", "aside") and citizens ("citizen_top" over the steps, "citizen").

    What is drawn for "tracked" is for whoever has shown the second part of the tracking code and is not signed in.
    """

    name: str
    area: Literal["facts", "aside", "citizen_top", "citizen", "tracked"]
    template: str
    context: Mapping[str, object] = field(default_factory=dict)
    weight: int = 0
