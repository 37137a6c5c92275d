"""Links of the navigation and the staff sidebar."""

from collections.abc import Iterable
from dataclasses import dataclass

from pyramid.config import Configurator
from sqlalchemy.util import memoized_property
from translationstring import TranslationString

from civicportal.core.plugins import call_each
from civicportal.domain.cases.access.rights import sees_all
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.kartable.counters import OpenReferrals, open_referrals
from civicportal.domain.tokens.services import may_make
from civicportal.util.i18n import _
from civicportal.util.lists import Total
from civicportal.web.display import read_or_fallback
from civicportal.web.items import ALL_KINDS, NavigationItem, NavigationSection
from civicportal.web.request import Request


def _staff(
    name: str,
    title: TranslationString,
    icon: str,
    section: NavigationSection,
    weight: int,
    *,
    permission: str | None = None,
    kind: str | None = None,
) -> NavigationItem:
    return NavigationItem(
        name=name,
        title=title,
        route=name,
        icon=icon,
        area="staff",
        section=section,
        weight=weight,
        permission=permission,
        kind=kind,
    )


def _admin(name: str, title: TranslationString, icon: str, weight: int, permission: str) -> NavigationItem:
    return _staff(f"admin.{name}", title, icon, "admin", weight, permission=permission)


CORE_ITEMS = (
    _staff("kartable", _("My kartable"), "inbox", "", 100, kind=ALL_KINDS),
    _staff("desk", _("Desk"), "home", "", 90),
    _staff("team", _("My team"), "users", "", 80, permission="core:unit:lead"),
    _staff("texts", _("Ready texts"), "file-text", "services", 10, permission="core:text:manage"),
    _staff("questions", _("Frequent questions"), "message-2", "services", 8, permission="core:help:manage"),
    _staff("help.staff", _("Help"), "help-circle", "services", 5),
    _staff(
        "kartable.unattended",
        _("Unattended cases"),
        "alert-triangle",
        "admin",
        105,
        permission="core:unattended:manage",
    ),
    _admin("members", _("Members"), "users", 100, "core:member:manage"),
    _admin("roles", _("Access levels"), "shield-lock", 95, "core:role:manage"),
    _admin("clients", _("Connected programs"), "plug-connected-x", 92, "core:client:manage"),
    _admin("units", _("Units"), "sitemap", 90, "core:unit:manage"),
    _admin("categories", _("Categories"), "category", 85, "core:category:manage"),
    _admin("routing", _("Routing"), "route", 80, "core:routing:manage"),
    _admin("automations", _("Automations"), "refresh", 78, "core:automation:manage"),
    _admin("calendar", _("Calendar"), "calendar-off", 75, "core:calendar:manage"),
    _admin("messages", _("Messages"), "messages", 70, "core:message:view"),
    _admin("webhooks", _("Webhooks"), "share", 68, "core:webhook:manage"),
    _admin("open_data", _("Open data"), "download", 67, "core:setting:manage"),
    _admin("imports", _("Moving in"), "cloud-upload", 66, "core:import:manage"),
    _admin("plugins", _("Plugins"), "puzzle", 65, "core:plugin:view"),
    _admin("settings", _("Settings"), "settings", 60, "core:setting:manage"),
    _admin("audit", _("Audit trail"), "history", 55, "core:audit:view"),
)


def account_items(request: Request) -> tuple[NavigationItem, ...]:
    """Return the core's links of the page of the account."""
    if not may_make(request.site, request.identity):
        return ()
    title = _("Tokens for programs")
    return (
        NavigationItem(
            name="account_tokens", title=title, route="account_tokens", icon="key", area="account"
        ),
    )


class Link:
    """A link for a layout: translated, with the badge computed on use."""

    def __init__(self, navigation: "Navigation", item: NavigationItem, title: str, url: str) -> None:
        self._navigation = navigation
        self._kind = item.kind
        self.name = item.name
        self.title = title
        self.url = url
        self.icon = item.icon
        self.section = item.section
        self.in_kartable = item.in_kartable

    @property
    def badge(self) -> Total | None:
        """Return the number of open cases behind the link, if any."""
        return self._navigation.badge(self._kind) if self._kind else None


@dataclass
class Navigation:
    """The links available to the user of a request."""

    request: Request

    @memoized_property
    def citizen(self) -> list[Link]:
        """Return the services of the city."""
        return self._links(item for item in self._items if item.area == "citizen")

    @memoized_property
    def account(self) -> list[Link]:
        """Return what plugins add to the page of the account."""
        return self._links(item for item in self._items if item.area == "account")

    @memoized_property
    def staff(self) -> list[Link]:
        """Return the permitted links of the sidebar."""
        identity = self.request.identity
        return self._links(
            item
            for item in self._items
            if item.area == "staff"
            and (item.permission is None or identity.permits(item.permission))
            and not self._is_of_others(item)
        )

    def _is_of_others(self, item: NavigationItem) -> bool:
        """Return whether a link leads to cases that the person may read only if their unit is asked about one.

        Who works on no case at all, such as an observer, reads all that they may.
        """
        identity, kinds = self.request.identity, kinds_of(self.request.site).values()
        kind = next((kind for kind in kinds if item.permission == kind.permission("view")), None)
        return (
            kind is not None
            and not identity.permits(kind.permission("work"))
            and not sees_all(identity, kind.name)
            and any(identity.permits(one.permission("work")) for one in kinds)
            and not self.open_referrals.by_kind.get(kind.name)
        )

    @memoized_property
    def staff_sections(self) -> dict[NavigationSection, list[Link]]:
        """Return the links of the sidebar by section."""
        sections: dict[NavigationSection, list[Link]] = {"": [], "services": [], "admin": []}
        for link in self.staff:
            sections[link.section].append(link)
        return sections

    @memoized_property
    def registrations(self) -> list[Link]:
        """Return the pages on which the user may register cases for citizens."""
        identity = self.request.identity
        return self._links(
            NavigationItem(name=kind.name, title=kind.title, route=kind.register_route, icon=kind.icon)
            for kind in kinds_of(self.request.site).values()
            if kind.register_route and identity.is_staff and identity.permits(kind.permission("register"))
        )

    def badge(self, kind: str) -> Total | None:
        """Return the number of open referrals, if any."""
        lines = self.open_referrals
        return (lines.total if kind == ALL_KINDS else lines.by_kind.get(kind)) or None

    @memoized_property
    def _items(self) -> list[NavigationItem]:
        found = call_each(self.request.site.hooks, "navigation_items", NavigationItem, request=self.request)
        return sorted(found, key=lambda item: (-item.weight, item.name))

    @memoized_property
    def open_referrals(self) -> OpenReferrals:
        """Return the open referrals of the user's kartable.

        It is None if they cannot be read.
        """
        return (
            read_or_fallback(self.request, open_referrals, OpenReferrals())
            if self.request.identity.is_staff
            else OpenReferrals()
        )

    def _links(self, items: Iterable[NavigationItem]) -> list[Link]:
        links = []
        for item in items:
            try:
                url = self.request.route_path(item.route)
            except KeyError:
                # Its page belongs to a disabled feature of this site.
                continue
            links.append(Link(self, item, self.request.translate(item.title), url))
        return links


def includeme(config: Configurator) -> None:
    """Make ``request.navigation``."""
    config.add_request_method(Navigation, "navigation", reify=True)
