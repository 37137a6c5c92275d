"""The application factory: builds a Pyramid application from a site.

Core and plugins are included first and committed, then the site's package, so that a site can override templates,
views and static files. After that all routes are checked, because Pyramid does not detect duplicate patterns.
"""

from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pluggy
import pyramid_tm
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError, ConfigurationExecutionError
from pyramid.interfaces import ILocalizer
from pyramid.router import Router

from civicportal.core.jobs import registered
from civicportal.core.migration.packages import packages
from civicportal.core.plugins import CORE
from civicportal.core.site import Site
from civicportal.core.translations import DOMAIN
from civicportal.domain.ownership import refuse_unusable
from civicportal.portal.contributions import refuse_flaws, refuse_page_flaws
from civicportal.util.errors import ConfigurationError
from civicportal.util.garbage import collections_paused
from civicportal.web.compiled import COMPILED
from civicportal.web.request import API, Request
from civicportal.web.rest.roots import root_of
from civicportal.web.static import StaticFiles
from civicportal.web.templating import add_renderer

CORE_PARTS = (
    "web",
    "domain.organization",
    "domain.accounts",
    "domain.tokens",
    "domain.cases",
    "domain.questionnaires",
    "domain.kartable",
    "domain.own_views",
    "domain.notifications",
    "domain.privacy",
    "domain.exports",
    "domain.statistics",
    "domain.webhooks",
    "domain.automation",
    "portal.admin",
    "portal.audit",
    "portal.branding",
    "portal.dashboard",
    "portal.health",
    "portal.help",
    "portal.importing",
    "portal.members",
    "portal.opendata",
)
#: Paths of the core with picture uploads; a plugin's ``includeme`` adds its own to the list.
UPLOAD_PATHS = ("/uploads", "/kartable/cases", "/my", "/job", "/api/v1/attachments", "/admin/imports")


@collections_paused()
def create_app(site: Site) -> Router:
    """Return the WSGI application of a site.

    :raises ConfigurationError: when core, plugins and site do not fit together, or a secret is not that of the portal
        that owns the database.
    """
    refuse_unusable(site)
    refuse_flaws(site)
    config = Configurator(settings=_settings(site), request_factory=Request)
    config.registry.site = site
    config.registry.static_files = _static_files(site)
    config.include("pyramid_tm")
    config.include("pyramid_retry")
    config.include(add_renderer)
    config.include("civicportal.web.origin")
    config.include("civicportal.web.headers")
    config.include("civicportal.web.request_checks")
    for language in {site.locale, *site.languages}:
        config.registry.registerUtility(site.localizer(language), ILocalizer, name=language)
    for part in CORE_PARTS:
        config.include(f"civicportal.{part}")
    if site.is_demo:
        config.include("civicportal.portal.demo")
    owners: dict[str, str] = {}
    for implementation in _includes(site):
        if implementation.plugin_name not in (CORE, "site"):
            routes = _include(config, implementation.function)
            owners |= dict.fromkeys(routes, implementation.plugin_name)
    _commit(config)
    _override_assets(config, site)
    for implementation in _includes(site):
        if implementation.plugin_name == "site":
            config.include(implementation.function)
    _commit(config)
    _check_routes(config, owners)
    config.begin()
    refuse_page_flaws(site, config.registry, owners)
    config.end()
    registered(site)
    packages(site)
    config.registry.route_owners = owners
    site.registry = config.registry
    return config.make_wsgi_app()


def main(global_config: dict[str, str], **settings: str) -> Router:
    """Build the application for PasteDeploy.

    The key ``site`` is the path of ``site.toml``.
    """
    path = settings.get("site") or global_config.get("site")
    if not path:
        raise ConfigurationError("[app:main] needs site = /path/to/site.toml")
    return create_app(Site(Path(path)))


def _settings(site: Site) -> dict[str, object]:
    hosts = list(site.settings["site"]["hosts"])
    if site.public_url:
        hosts.append(urlsplit(site.public_url).netloc)
    return {
        "pyramid.default_locale_name": site.locale,
        "tm.manager_hook": pyramid_tm.explicit_manager,
        "tm.commit_veto": pyramid_tm.default_commit_veto,
        "tm.annotate_user": False,
        "retry.attempts": 3,
        "retry.activate_hook": "civicportal.web.request_checks.attempts",
        "jinja2.bytecode_caching": COMPILED,
        "jinja2.undefined": "strict",
        "jinja2.i18n.domain": DOMAIN,
        "jinja2.i18n.gettext": "civicportal.web.translating.Gettext",
        "jinja2.i18n_extension": "civicportal.web.translating.Translation",
        "jinja2.trim_blocks": True,
        "jinja2.lstrip_blocks": True,
        "civicportal.hosts": hosts if site.is_production else None,
        "civicportal.upload_paths": list(UPLOAD_PATHS),
        "civicportal.wide_form_paths": ["/admin/roles", "/admin/imports"],
    }


def _static_files(site: Site) -> StaticFiles:
    packages = {"core": "civicportal", **{info.name: info.package for info in site.plugins}}
    if site.package:
        packages["site"] = site.package
    return StaticFiles(packages, site.package)


def _includes(site: Site) -> list[pluggy.HookImpl]:
    # Pyramid resolves a plugin's relative assets by the caller, so each function is included, not the hook.
    return list(reversed(site.hooks.hook.includeme.get_hookimpls()))


def _include(config: Configurator, function: Callable[..., object]) -> set[str]:
    """Include a plugin and return the names of the routes it adds."""
    before = len(config.action_state.actions)
    config.include(function)
    added = config.action_state.actions[before:]
    return {
        part["name"]
        for action in added
        for part in action["introspectables"]
        if part.category_name == "routes"
    }


def _commit(config: Configurator) -> None:
    try:
        config.commit()
    except (ConfigurationConflictError, ConfigurationExecutionError) as error:
        raise ConfigurationError(str(error)) from error


def _override_assets(config: Configurator, site: Site) -> None:
    """Let the site's ``templates/`` and ``static/`` override those of core and plugins."""
    if not site.package:
        return
    root = Path(str(files(site.package)))
    if (root / "templates").is_dir():
        config.override_asset("civicportal:templates/", f"{site.package}:templates/")
        for info in site.plugins:
            config.override_asset(f"{info.package}:templates/", f"{site.package}:templates/")
        # Layouts and macros are found by the search path, which does not use overrides.
        config.add_jinja2_search_path(f"{site.package}:templates", prepend=True)
    for owner, package in config.registry.static_files.packages.items():
        if owner != "site" and (root / "static" / owner).is_dir():
            config.override_asset(f"{package}:static/", f"{site.package}:static/{owner}/")


def _check_routes(config: Configurator, owners: Mapping[str, str]) -> None:
    """Refuse duplicate route patterns, and plugins outside their own names and folders.

    :param owners: the plugin that added a route, by the route's name.
    :raises ConfigurationError: names the routes.
    """
    seen: dict[str, str] = {}
    for route in config.get_routes_mapper().get_routes():
        if route.pattern in seen:
            raise ConfigurationError(
                f"the routes {seen[route.pattern]!r} and {route.name!r} have one pattern, {route.pattern!r}"
            )
        seen[route.pattern] = route.name
        owner = owners.get(route.name)
        if owner and not route.name.startswith(f"{owner}."):
            raise ConfigurationError(
                f"the route {route.name!r} of plugin {owner!r} must have a name that begins with {owner}."
            )
        # An address of programs is one of a standard, not of a folder.
        root = root_of(config.registry, route.pattern)
        of_standard = root is not None and root.prefix != API
        if owner and not of_standard and not _own_folder(owner, route.pattern):
            raise ConfigurationError(
                f"the route {route.name!r} of plugin {owner!r} lies outside its folders: {route.pattern!r}"
            )


def _own_folder(plugin: str, pattern: str) -> bool:
    folders = [f"{base}/{plugin}" for base in ("", "/desk", "/admin", "/api/v1")]
    return any(pattern == folder or pattern.startswith((f"{folder}/", f"{folder}.")) for folder in folders)
