"""A site: one city's portal, assembled from its ``site.toml``."""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import time, timedelta
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from colander import SchemaNode
from pyramid.i18n import Localizer
from sqlalchemy import MetaData, text
from translationstring import TranslationString

from civicportal.core.assembly import choose_country, collect_models
from civicportal.core.branding.values import Branding, BrandingCache
from civicportal.core.clock import Clock, SystemClock
from civicportal.core.crypto import Keys, own_secret
from civicportal.core.db import Engines, check_database, make_engines
from civicportal.core.db.servers import refuse_two_primaries
from civicportal.core.installed import installed_plugins
from civicportal.core.limits import Limits
from civicportal.core.messages import MessageText
from civicportal.core.migration.state import refuse_pending
from civicportal.core.plugin_texts import PluginTexts
from civicportal.core.plugins import (
    PluginInfo,
    PluginModels,
    collect,
    core_implementations,
    create_plugin_manager,
    in_order,
    plugin_infos,
    prepare_core,
)
from civicportal.core.reference import ReferenceData
from civicportal.core.security import Identity, Permission
from civicportal.core.settings import MODES, read_settings, validate, warn_sleeping
from civicportal.core.settings_values import WEEKDAYS
from civicportal.core.site_cache import SiteCache
from civicportal.core.storage import GuardedStorage, IFileStorage, LocalStorage, S3Storage
from civicportal.core.translations import make_localizer
from civicportal.core.work import Work, unit_of_work
from civicportal.util.calendar import CityCalendar
from civicportal.util.countries import Country
from civicportal.util.errors import ConfigurationError
from civicportal.util.garbage import collections_paused
from civicportal.util.geo import CityMap, map_files
from civicportal.util.values import Values

SITE = "site"
"""Name of the site's own package among the plugins, for its settings and as a transport."""
TEST_TRANSPORTS = ("console", "memory", "simulator")
SHORTEST_SECRET = 32
"""Bytes."""


Value = TypeVar("Value")


class SiteKey(Generic[Value]):
    """The typed key of a value of the site."""

    def __init__(self, name: str) -> None:
        self.name = name


class Ownership:
    """Marks that tie database, file store and secrets to one portal.

    :mod:`civicportal.domain.ownership` implements it.
    """

    def is_own(self, site: "Site", store: IFileStorage) -> bool:
        """Return whether a file store bears this portal's mark."""
        raise NotImplementedError

    def establish(self, site: "Site", *, forks: bool) -> None:
        """Refuse a foreign store or secret; mark those of a new portal.

        :raises ConfigurationError: with the remedy.
        """
        raise NotImplementedError


class Site:
    """Everything that is constant while the portal runs.

    :param path: of the ``site.toml``.
    :param mode: overrides ``site.mode``, as does ``CIVICPORTAL_MODE``: the demo's worker inherits it.
    :param environ: for ``{ env = … }``; the process's environment if None.
    :param transport: overrides ``notifications.transport``.
    :param database_url: overrides ``site.database_url``.
    :raises ConfigurationError: when the portal cannot be assembled so.
    """

    @collections_paused()
    def __init__(
        self,
        path: Path,
        *,
        mode: str | None = None,
        environ: Mapping[str, str] | None = None,
        transport: str | None = None,
        database_url: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.path = path.resolve()
        self.settings = read_settings(self.path, environ)
        table = self.settings["site"]
        self.mode: str = mode or os.environ.get("CIVICPORTAL_MODE") or table["mode"]
        self.locale: str = table["locale"]
        self.languages: tuple[str, ...] = tuple(table["languages"]) or (self.locale,)
        self.fallback_unit: str = table["fallback_unit"]
        self.package: str = table["package"]
        self.timezone = ZoneInfo(table["timezone"])
        self.hooks = create_plugin_manager(table["plugins"], self.package)
        self.country: Country = choose_country(self.hooks, table["country"])
        self.transport: str = transport or self._choose_transport()
        self.clock: Clock = clock or SystemClock()
        self.data = self.path.parent / table["data"]
        self._check_mode()
        self.keys = self._make_keys(table)
        self.engines: Engines = make_engines(self._database_url(database_url or table["database_url"]))
        self.storage: GuardedStorage = self.guarded(self.bucket() or self.folder())
        self.limits = Limits(self, self.settings["limits"])
        self.calendar = self._make_calendar()
        self.plugins: tuple[PluginInfo, ...] = plugin_infos(self.hooks, table["plugins"])
        schemas = {name: call() for name, call in in_order(self.hooks, "register_settings")}
        self.plugin_settings = self._validate_plugins(schemas)
        self.plugin_texts = PluginTexts(self, schemas)
        self.models: dict[str, PluginModels] = collect_models(self.hooks)
        #: Which plugin registered what: by hook, then by name.
        self.owners: dict[str, dict[str, str]] = {}
        self.permissions: dict[str, Permission] = collect(
            self.hooks, "register_permissions", lambda permission: permission.name
        )
        #: The core's tables, all of them: the modules that define them have been imported.
        self.metadata: MetaData
        #: Titles of the kinds of cases, by name.
        self.kind_titles: Mapping[str, TranslationString] = {}
        self._kept: dict[SiteKey[Any], Any] = {}
        prepare_core(self)
        self.messages: dict[str, MessageText] = collect(
            self.hooks, "register_messages", lambda text: text.key, owners=self.owners, site=self
        )
        self.branding_cache = BrandingCache(self)
        self.reference = ReferenceData(self)
        self.cache = SiteCache()
        #: Set by ``create_app``; templates rendered outside a request need it.
        self.registry: Any = None

    @property
    def branding(self) -> Branding:
        """Return the current branding of the city, in its own language."""
        return self.branding_cache.current()

    def branding_in(self, locale: str) -> Branding:
        """Return the current branding in a language."""
        return self.branding_cache.current(locale)

    @property
    def name(self) -> str:
        """Return the name of the portal."""
        return self.branding.name

    @property
    def short_name(self) -> str:
        """Return the name for text messages."""
        return self.branding.short_name

    @property
    def is_demo(self) -> bool:
        """Return whether this is a demo with generated people."""
        return self.mode == "demo"

    @property
    def is_production(self) -> bool:
        """Return whether this is a production site."""
        return self.mode == "production"

    @property
    def public_url(self) -> str:
        """Return the portal's URL without a trailing slash.

        It is empty in a demo without one.
        """
        return str(self.settings["site"]["public_url"]).rstrip("/")

    @property
    def quarantine(self) -> timedelta:
        """Return how long files are kept in quarantine."""
        return timedelta(days=self.settings["site"]["quarantine_days"])

    @property
    def cookie_name(self) -> str:
        """Return the name of the session cookie."""
        return "__Host-cp" if self.is_production else "cp"

    @property
    def language_cookie_name(self) -> str:
        """Return the name of the language cookie."""
        return "__Host-lang" if self.is_production else "lang"

    @cached_property
    def map(self) -> CityMap | None:
        """Return the city's map, or None without one."""
        table = self.settings["map"]
        return CityMap.load(*map_files(self.path.parent, table)) if table else None

    @cached_property
    def rights_of_city(self) -> frozenset[str]:
        """Return the names of the city-wide rights.

        Only a membership without unit and category gives them.
        """
        return frozenset(name for name, right in self.permissions.items() if right.scope == "city")

    @cached_property
    def rights_of_units(self) -> frozenset[str]:
        """Return the names of the rights of units.

        Only a membership without a category gives them.
        """
        return frozenset(name for name, right in self.permissions.items() if right.scope == "unit")

    @cached_property
    def exports(self) -> Mapping[str, Any]:
        """Return the exports by name."""
        return collect(self.hooks, "register_exports", lambda offer: offer.name, site=self)

    @cached_property
    def translation_dirs(self) -> list[Path]:
        """Return the folders of message catalogues, highest precedence last: plugins, core, site."""
        packages = [*(info.package for info in reversed(self.plugins)), "civicportal"]
        return [_locale(package) for package in [*packages, *([self.package] if self.package else [])]]

    @cached_property
    def implementations(self) -> Mapping[type[Any], type[Any]]:
        """Return the implementations of declared services."""
        return core_implementations()

    @property
    def _ownership(self) -> Ownership:
        implementation: Ownership = self.implementations[Ownership]()
        return implementation

    def guarded(self, store: IFileStorage) -> GuardedStorage:
        """Return a store that checks its mark before each access."""
        return GuardedStorage(store, lambda own: self._ownership.is_own(self, own))

    def folder(self) -> LocalStorage:
        """Return the file store in the directory ``site.files``, created if missing."""
        return LocalStorage(Path(self.settings["site"]["files"]).resolve())

    def bucket(self) -> S3Storage | None:
        """Return the file store of ``[s3]``, which takes precedence."""
        table = self.settings["s3"]
        if not table:
            return None
        try:
            ca = (self.path.parent / table["ca"]).read_text() if table["ca"] else ""
        except OSError as error:
            raise ConfigurationError(f"{self.path}: s3.ca: {error}") from None
        return S3Storage(**{**table, "ca": ca})

    def __getitem__(self, key: "SiteKey[Value]") -> Value:
        """Return what a higher package has put on the site."""
        value: Value = self._kept[key]
        return value

    def __setitem__(self, key: "SiteKey[Value]", value: Value) -> None:
        self._kept[key] = value

    def work(
        self,
        *,
        actor: Identity = Identity.SYSTEM,
        write: bool = True,
        patience: int = 0,
        locale: str = "",
    ) -> AbstractContextManager[Work]:
        """Open a unit of work outside a request.

        :param locale: language of names, that of the site by default.
        """
        return unit_of_work(self, actor=actor, write=write, patience=patience, locale=locale)

    def localizer(self, locale: str | None = None) -> Localizer:
        """Return the translator for a locale, the site's own if None."""
        locale = locale or self.locale
        if locale not in self._localizers:
            folders = self.translation_dirs
            shared, own = (folders[:-1], folders[-1]) if self.package else (folders, None)
            self._localizers[locale] = make_localizer(locale, shared, own)
        return self._localizers[locale]

    @cached_property
    def _localizers(self) -> dict[str, Localizer]:
        return {}

    def check_start(self, *, forks: bool = False) -> None:
        """Refuse to serve with an unsuitable database, store or secret.

        :param forks: whether the process forks later.
        :raises ConfigurationError: with the remedy.
        """
        check_database(self.engines)
        refuse_two_primaries(self.engines.read.url)
        refuse_pending(self)
        self._ownership.establish(self, forks=forks)
        if self.is_production:
            refuse_demo_data(self)

    def _check_mode(self) -> None:
        if self.mode not in MODES:
            raise ConfigurationError(f"site.mode: {self.mode!r} is none of {', '.join(MODES)}")
        if not self.is_production:
            return
        if self.transport in TEST_TRANSPORTS:
            raise ConfigurationError(f"notifications.transport: {self.transport!r} is not for production")
        if not self.public_url.startswith("https://"):
            raise ConfigurationError("site.public_url: production needs an address that begins with https://")

    def _choose_transport(self) -> str:
        """Return the name of the transport of messages."""
        named: str = self.settings["notifications"]["transport"]
        stands_in = any(name == named for name, _call in in_order(self.hooks, "demo_phones"))
        return named if stands_in or not self.is_demo else "console"

    def _make_keys(self, table: Values) -> Keys:
        secret = table["secret"]
        if not secret and not self.is_production:
            secret = own_secret(Path("var"))
        if len(secret.encode()) < SHORTEST_SECRET:
            raise ConfigurationError(f"site.secret: needs {SHORTEST_SECRET} bytes or more")
        pii = [key.encode() for key in table["pii_keys"].split()] or [secret.encode()]
        return Keys(secret.encode(), pii)

    def _database_url(self, url: str) -> str:
        prefix = "sqlite:///"
        if not url.startswith(prefix):
            return url
        path = Path(url.removeprefix(prefix)).absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        return f"{prefix}{path}"

    def _make_calendar(self) -> CityCalendar:
        table = self.settings["calendar"]
        return CityCalendar(
            kind=self.settings["site"]["calendar"],
            timezone=self.timezone,
            weekend=frozenset(WEEKDAYS.index(day) for day in table["weekend"]),
            half_days=frozenset(WEEKDAYS.index(day) for day in table["half_days"]),
            hours=CityCalendar.parse_hours(table["hours"]),
            half_day_end=time.fromisoformat(table["half_day_end"]) if table["half_day_end"] else None,
            fixed_holidays=self.country.fixed_holidays,
        )

    def _validate_plugins(self, schemas: Mapping[str, SchemaNode]) -> dict[str, Values]:
        tables = self.settings["plugins"]
        enabled = [info.name for info in self.plugins] + ([SITE] if self.package else [])
        for name in tables:
            if name not in enabled:
                self._sleeping(name)
        for name in enabled:
            if name in tables and name not in schemas:
                raise ConfigurationError(f"{self.path}: plugins.{name}: the plugin has no settings")
        return {
            name: validate(schema, tables.get(name, {}), self.path, f"plugins.{name}")
            for name, schema in schemas.items()
        }

    def _sleeping(self, name: str) -> None:
        if name not in installed_plugins():
            raise ConfigurationError(f"{self.path}: plugins.{name}: no plugin of this name is installed")
        warn_sleeping(name)


def _locale(package: str) -> Path:
    """Return the folder of a package's message catalogues, which need not exist."""
    return Path(str(files(package))) / "locale"


def refuse_demo_data(site: Site) -> None:
    """Refuse a database with demo data.

    :raises ConfigurationError: if it has any.
    """
    with site.engines.read.connect() as connection:
        marked = connection.execute(text("SELECT 1 FROM seeds WHERE key = 'demo'")).first()
    if marked:
        raise ConfigurationError(
            "site.database_url: the demo has filled this database; production needs its own"
        )
