"""Checks of the contributions of plugins.

A mistake stops the start with an error that names plugin, place and remedy.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from jinja2 import Environment, FileSystemLoader
from pyramid.path import AssetResolver
from pyramid.registry import Registry
from pyramid_jinja2 import IJinja2Environment

from civicportal.core.messages import CASE_FIELDS, COMMON_FIELDS, MessageText
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.workflow import RESERVED_FIELDS, CaseKind
from civicportal.domain.notifications.notices import keys_of_kind
from civicportal.util.errors import ConfigurationError
from civicportal.util.icons import REFERENCE, icon_names

if TYPE_CHECKING:
    from civicportal.core.site import Site

_BRACES = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
Contribution = TypeVar("Contribution")


def refuse_flaws(site: "Site") -> None:
    """Check kinds of cases, their permissions and the texts of messages.

    :raises ConfigurationError: with all errors found.
    """
    _refuse(
        [
            *_of_each(site, "register_case_kinds", kinds_of(site), "the kind of cases", _flaws_of_kind),
            *_of_each(site, "register_messages", site.messages, "the message text", _flaws_of_text),
        ]
    )


def refuse_page_flaws(site: "Site", registry: Registry, owners: Mapping[str, str]) -> None:
    """Check that templates of pages and routes named by kinds exist.

    :param owners: the plugin that added a route, by the route's name.
    :raises ConfigurationError: with all errors found.
    """
    routes = {item["introspectable"]["name"] for item in registry.introspector.get_category("routes") or ()}
    flaws = [
        f"{_owner(site, 'register_case_kinds', kind.name)}the kind of cases {kind.name!r}: {field} names the route {route!r}, "
        "which does not exist: add it in includeme, or correct the name"
        for kind in kinds_of(site).values()
        for field, route in (("register_route", kind.register_route), ("made_from_case", kind.made_from_case))
        if route and route not in routes
    ]
    environment = registry.getUtility(IJinja2Environment, name=".jinja2")
    for item in registry.introspector.get_category("templates") or ():
        renderer = item["introspectable"]["renderer"]
        if not renderer.name.endswith(".jinja2") or _exists(environment, renderer.name, renderer.package):
            continue
        for view in (related for related in item["related"] if related.category_name == "views"):
            route = view["route_name"] or ""
            plugin = f"plugin {owners[route]!r}, " if route in owners else ""
            flaws.append(
                f"{plugin}the route {route!r}: there is no template {renderer.name!r}: correct the name, and make sure that the file is "
                "part of the package"
            )
    _refuse(flaws)


def _refuse(flaws: list[str]) -> None:
    if flaws:
        raise ConfigurationError("\n".join(flaws))


def _of_each(
    site: "Site",
    hook: str,
    items: Mapping[str, Contribution],
    what: str,
    flaws: Callable[["Site", Contribution], Iterable[str]],
) -> Iterator[str]:
    for name, item in items.items():
        yield from (f"{_owner(site, hook, name)}{what} {name!r}: {flaw}" for flaw in flaws(site, item))


def _owner(site: "Site", hook: str, name: str) -> str:
    owner = site.owners.get(hook, {}).get(name)
    return f"plugin {owner!r}, " if owner else ""


def _flaws_of_kind(site: "Site", kind: CaseKind) -> Iterator[str]:
    if kind.icon not in icon_names():
        yield f"there is no icon {kind.icon!r}: choose one from {REFERENCE}"
    for step in kind.workflow.transitions:
        place = f"the step {step.name!r}"
        if step.permission:
            asked = site.permissions.get(step.permission)
            if asked is None:
                yield (
                    f"{place} asks for the right {step.permission!r}, which no plugin registers: return it from "
                    "register_permissions, or correct the name"
                )
            elif asked.scope != "case":
                yield f'{place} asks for {asked.name!r}, which must be declared as Permission(scope="case")'
        fields = [node.name for node in step.schema().children] if step.schema else []
        for name in sorted(RESERVED_FIELDS.intersection(fields)):
            yield f"{place} has a form field {name!r}, a name that the portal uses itself: rename the field"
    if kind.message_fields is None:
        known = {*COMMON_FIELDS, *CASE_FIELDS}
        for key in sorted(keys_of_kind(kind) & site.messages.keys()):
            unknown = set(site.messages[key].fields) - known
            if unknown:
                yield (
                    f"its message text {key!r} lists {_listed(unknown)}, which the core does not fill in: return values from "
                    "CaseKind.message_fields, or correct the names"
                )


def _flaws_of_text(_site: "Site", text: MessageText) -> Iterator[str]:
    malformed = [name for name in text.fields if not _NAME.fullmatch(name)]
    if malformed:
        yield f"the placeholders {', '.join(malformed)} are not written in capital letters: rename them"
    allowed = {*COMMON_FIELDS, *text.fields}
    unknown = set(_BRACES.findall(str(text.text))) - allowed
    if unknown:
        yield (
            f"{_listed(unknown)} would be sent in braces, its placeholders are {_listed(allowed)}: correct the text, or add it to "
            "MessageText.fields"
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))


def _exists(environment: Environment, name: str, package: ModuleType | None) -> bool:
    """Return whether a template can be loaded, without compiling it."""
    if ":" in name:
        return AssetResolver().resolve(name).exists()
    beside = f"{package.__name__}:{name}" if package else ""
    if beside and AssetResolver().resolve(beside).exists():
        return True
    assert isinstance(environment.loader, FileSystemLoader)
    folders = environment.loader.searchpath
    return any(AssetResolver().resolve(f"{folder}/{name}").exists() for folder in folders)
