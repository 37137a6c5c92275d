"""Contributions of plugins to shared pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from translationstring import TranslationString

NavigationArea = Literal["citizen", "staff", "account"]
"""Pages that show a link."""
NavigationSection = Literal["", "services", "admin"]
"""Part of the side bar of staff."""
WidgetArea = Literal["top", "card", "main", "aside", "head", "desk"]
"""Part of the citizens' home or the staff desk."""
PanelArea = Literal["facts", "aside", "citizen_top", "citizen", "tracked", "followed", "contractor"]
"""Part of the page of a case."""
ALL_KINDS = "*"
"""Instead of the name of a kind: cases of every kind are counted."""


@dataclass(frozen=True, kw_only=True)
class NavigationItem:
    """A link of the citizens' navigation, of the staff sidebar or of the page of the account.

    :ivar weight: higher first, then by name.
    :ivar section: "services" or "admin" in the staff sidebar; ignored for citizens.
    :ivar kind: the case kind whose open cases in the user's kartable are the badge.
    :ivar permission: required of staff; None is everyone.
    :ivar in_kartable: a link of the sidebar that also stands above the kartable.
    """

    name: str
    title: TranslationString
    route: str
    icon: str
    area: NavigationArea = "citizen"
    section: NavigationSection = "services"
    weight: int = 0
    kind: str | None = None
    permission: str | None = None
    in_kartable: bool = False

    def __post_init__(self) -> None:
        """Refuse an area or section that no page shows."""
        _known(self.name, "area", self.area, NavigationArea)
        _known(self.name, "section", self.section, NavigationSection)


@dataclass(frozen=True, kw_only=True)
class DashboardWidget:
    """A part of the citizens' home page or of the staff desk.

    Areas: "top" for urgent matters, "card" (see :meth:`card`), "main" and "aside" of the home page, "head" of its HTML
    (a link to a feed, a description), and "desk" of staff.

    :ivar template: asset of a Jinja2 template, rendered with ``context`` added to the page's variables.
    :ivar context: variables, or a function that returns them: it is called only on the page that shows the widget, and
        returns None if there is nothing to show.
    """

    name: str
    area: WidgetArea
    template: str
    context: Mapping[str, object] | Callable[[], Mapping[str, object] | None] = field(default_factory=dict)
    weight: int = 0

    def __post_init__(self) -> None:
        """Refuse an area that no page shows."""
        _known(self.name, "area", self.area, WidgetArea)

    @classmethod
    def card(
        cls,
        *,
        name: str,
        title: str | TranslationString,
        url: str,
        icon: str,
        tone: str,
        text: str | TranslationString | Callable[[], TranslationString | None] = "",
        weight: int = 0,
    ) -> "DashboardWidget":
        """Return the card of a service on the citizens' home page.

        :param text: or a function that returns it: it is called only on the home page, and returns None if there is no
            card.
        :param icon: name of an icon, see the reference of components.
        :param tone: letter of the icon's colour, for instance "b".
        """
        look = {"title": title, "url": url, "icon": icon, "tone": tone}

        def context() -> dict[str, object] | None:
            said = text() if callable(text) else text
            return None if said is None else {**look, "text": said}

        template = "civicportal:templates/dashboard/card.jinja2"
        return cls(name=name, area="card", template=template, context=context, weight=weight)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A part of the page of a case, whose template knows ``case`` besides its context.

    Areas: "facts" and "aside" for staff; "citizen_top" above the history and "citizen" for the citizen; "tracked" for
    visitors who have verified the tracking code and are not signed in; "followed" for citizens who follow a case of
    another, for public data only.
    """

    name: str
    area: PanelArea
    template: str
    context: Mapping[str, object] = field(default_factory=dict)
    weight: int = 0

    def __post_init__(self) -> None:
        """Refuse an area that no page shows."""
        _known(self.name, "area", self.area, PanelArea)


def _known(name: str, what: str, value: str, known: object) -> None:
    if value not in get_args(known):
        raise ValueError(
            f"{name}: the {what} {value!r} is none of {', '.join(filter(None, get_args(known)))}"
        )
