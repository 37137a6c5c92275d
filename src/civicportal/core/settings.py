"""Parsing and strict validation of ``site.toml``."""

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import colander

from civicportal.core import settings_values as values
from civicportal.core.limits import DEFAULTS as LIMIT_DEFAULTS
from civicportal.core.settings_api import ApiTable
from civicportal.core.settings_open_data import OpenDataTable
from civicportal.util.errors import ConfigurationError
from civicportal.util.toml import read_toml
from civicportal.util.toml_types import (
    NUMBERS,
    FreeTable,
    Table,
    boolean,
    number,
    one_or_more,
    string,
    strings,
)
from civicportal.util.values import Values

__all__ = [
    "MODES",
    "S3Table",
    "SiteSettings",
    "read_settings",
    "validate",
    "warn_sleeping",
    "wrong_table",
]

MODES = ("production", "development", "demo")
DEEPEST = 20
"""Maximum nesting of tables and arrays; the portal and its plugins need four."""
SECRETS = {
    ("site", "secret"),
    ("site", "pii_keys"),
    ("s3", "access_key"),
    ("s3", "secret_key"),
    ("metrics", "token"),
    ("backup", "access_key"),
    ("backup", "secret_key"),
}


class SiteTable(Table):
    """``[site]``: the portal itself.

    :ivar name: of the portal, as pages show it.
    :ivar short_name: the same in text messages, without diacritics.
    :ivar plugins: the services, in their order; all must be installed.
    :ivar package: Python package of the site: its hooks, templates and static files stand before all others.
    :ivar mode: "development" and "demo" make a secret of their own; a demo sends nothing outside.
    :ivar locale: language of those who have chosen none.
    :ivar languages: those people may choose; empty for the locale alone.
    :ivar calendar: in which days are written and read.
    :ivar country: whose rules mobiles and personal numbers follow: "ir" or "generic".
    :ivar timezone: of the city, by its IANA name.
    :ivar public_url: address of the portal, for links in messages; needed in production, with https.
    :ivar hosts: host names that production answers to besides that of the address.
    :ivar database_url: as SQLAlchemy writes it; a relative SQLite file lies in the folder where the command runs.
        Several PostgreSQL servers, of which one is writable: ``…@/name?host=db1:5432&host=db2:5432``.
    :ivar files: folder of the pictures, without ``[s3]``.
    :ivar quarantine_days: how long unreferenced files are kept in quarantine before they are deleted.
    :ivar data: folder of the seeds, beside the site file.
    :ivar secret: 32 bytes or more; signs and derives everything that needs a key.
    :ivar pii_keys: keys of the encryption at rest, the newest first, with spaces between; the secret where there is
        none.
    :ivar fallback_unit: key of the unit that gets what no rule and no category sends elsewhere.
    :ivar trusted_proxy: addresses and networks of the reverse proxies whose ``X-Forwarded-For`` and ``-Proto`` are
        believed; one may stand alone.
    """

    name = string()
    short_name = string()
    plugins = strings()
    package = string("")
    mode = string("production", validator=colander.OneOf(MODES))
    locale = string("fa")
    languages = strings(())
    calendar = string("jalali", validator=colander.OneOf(("jalali", "gregorian")))
    country = string("generic")
    timezone = string("UTC", validator=values.zone)
    public_url = string("")
    hosts = strings(())
    database_url = string("sqlite:///var/civicportal.db")
    files = string("var/files")
    quarantine_days = number(30, validator=colander.Range(1, 3650))
    data = string("data")
    secret = string("")
    pii_keys = string("")
    fallback_unit = string()
    trusted_proxy = one_or_more((), validator=values.proxies)


class S3Table(Table):
    """``[s3]``: pictures in a bucket instead of ``site.files``.

    :ivar bucket: its name.
    :ivar endpoint: address of the service, without the bucket.
    :ivar region: as the service calls it.
    :ivar prefix: folder in the bucket.
    :ivar access_key: name of the key.
    :ivar secret_key: the key.
    :ivar ca: file with certificates (PEM) of an authority of the city's own.
    """

    bucket = string()
    endpoint = string(validator=values.endpoint)
    region = string("us-east-1")
    prefix = string("")
    access_key = string()
    secret_key = string()
    ca = string("")


class MetricsTable(Table):
    """``[metrics]``: metrics for monitoring systems.

    Without this table there is no page ``/metrics``.

    :ivar token: required as ``Authorization: Bearer …``; 16 characters or more.
    :ivar addresses: addresses and networks that need no token.
    """

    token = string("", validator=values.token)
    addresses = one_or_more((), validator=values.proxies)

    def validator(self, node: colander.SchemaNode, table: Values) -> None:
        """Refuse a table with neither a token nor addresses."""
        if not table["token"] and not table["addresses"]:
            raise colander.Invalid(node, "token or addresses says who may read them")


class BackupTable(Table):
    """``[backup]``: encryption of backups, and access to a bucket.

    :ivar recipients: public keys (``age1…`` of age-keygen, or of ssh) that backups are encrypted for; without one they
        are not encrypted.
    :ivar max_age_hours: ``check`` warns if the last verified backup is older.
    :ivar scratch_database_url: an empty PostgreSQL database for verifying; without it one is created on the portal's
        server.
    :ivar endpoint: URL of the service for targets that start with ``s3://``.
    :ivar region: as the service calls it.
    :ivar access_key: name of the key.
    :ivar secret_key: the key.
    :ivar ca: file with certificates (PEM) of an authority of the city's own.
    """

    recipients = strings(())
    max_age_hours = number(36, validator=colander.Range(1, 24 * 366))
    scratch_database_url = string("")
    endpoint = string("", validator=values.endpoint_or_none)
    region = string("us-east-1")
    access_key = string("")
    secret_key = string("")
    ca = string("")


class MapTable(Table):
    """``[map]``: the map of the city.

    Without this table reports have an address and no point.

    :ivar kind: source of the background: the GeoJSON file of the city, or its tiles.
    :ivar geojson: file of the city: border, districts, streets.
    :ivar districts: another GeoJSON file whose areas are the districts.
    :ivar tiles: PMTiles or MBTiles file, for kind "tiles".
    :ivar center: initial latitude and longitude of maps, in degrees.
    :ivar zoom: initial zoom level of maps.
    :ivar min_zoom: minimum zoom level.
    :ivar max_zoom: maximum zoom level.
    :ivar attribution: source of the map, shown in its corner.
    """

    kind = string("schematic", validator=colander.OneOf(("schematic", "tiles")))
    geojson = string()
    districts = string("")
    tiles = string("")
    center = colander.SchemaNode(NUMBERS)
    zoom = number(14)
    min_zoom = number(12)
    max_zoom = number(18)
    attribution = string("")

    def validator(self, node: colander.SchemaNode, table: Values) -> None:
        """Refuse a tile map without a tile file, and a tile file without a tile map."""
        if (table["kind"] == "tiles") != bool(table["tiles"]):
            raise colander.Invalid(node, 'kind = "tiles" and tiles = "FILE" go together')


class CalendarTable(Table):
    """``[calendar]``: office hours, used for deadlines.

    Seeds, applied once and then changed under ``/admin``.

    :ivar weekend: days off.
    :ivar half_days: days with shorter hours.
    :ivar hours: when the offices are open.
    :ivar half_day_end: when they close on a half day; the middle of the hours, if not given.
    """

    weekend = strings(("fri",), validator=values.weekdays)
    half_days = strings((), validator=values.weekdays)
    hours = string("08:00-16:00", validator=values.hours)
    half_day_end = string(None, validator=values.time_of_day)


class NotificationsTable(Table):
    """``[notifications]``: text messages.

    :ivar transport: "console", or the name of a plugin that sends; production refuses the transports of tests.
    :ivar quiet_hours: when notices wait; codes and direct responses to an action are sent at once.
    :ivar undo_seconds: seconds in which a step can be undone, and for which its notice waits.
    :ivar tell_corrections: whether the form that corrects a case proposes to notify the citizen.
    :ivar accept: the word by which citizens accept a closing by SMS; empty for none.
    :ivar object: the word by which they object to it, which reopens the case.
    :ivar digest_at: time on working days of the digest for staff who have ordered it; empty for never.
    """

    transport = string()
    quiet_hours = string("22:00-08:00", validator=values.hours)
    undo_seconds = number(30)
    tell_corrections = boolean(False)
    accept = string("")
    object = string("")
    digest_at = string("08:00", validator=values.time_or_none)


class AccountsTable(Table):
    """``[accounts]``: how staff sign in.

    :ivar strong_roles: keys of the roles whose holders need a passkey or an authenticator app; by default
        "administrator", and none in a demo.
    :ivar strong_permissions: rights whose holders need one too, for instance "core:member:manage".
    """

    strong_roles = strings(None)
    strong_permissions = strings(())


class EscalationTable(Table):
    """``[escalation]``: what becomes of a case that is past its deadline.

    :ivar steps: where it goes, one after the other: "head" of its unit, "above" to the unit above; none by default.
    :ivar every: office days between the steps; the first is taken at the deadline.
    """

    steps = strings((), validator=values.steps)
    every = number(2)


class QuestionsTable(Table):
    """``[questions]``: how long a case waits for an answer of its citizen.

    :ivar days: days after which the question ends and the case continues; 0 waits without limit.
    :ivar remind_before: days before its end on which the citizen is reminded once; 0 does not remind.
    """

    days = number(14)
    remind_before = number(3)


class ContractorsTable(Table):
    """``[contractors]``: links by which contractors without an account say what became of the work on a case.

    :ivar enabled: whether staff may make links; without it those that were made open nothing.
    :ivar days: days that a link opens its case, if its maker chooses no other end.
    """

    enabled = boolean(True)
    days = number(7, validator=colander.Range(1, 90))


class WebhooksTable(Table):
    """``[webhooks]``: events that are sent to other software, and the addresses of other servers.

    :ivar http: allow addresses without encryption, also for the servers of plugins.
    :ivar private_networks: private addresses and networks that may be reached, for instance "10.20.0.0/16", also by
        plugins; by default only public ones.
    :ivar prefix: beginning of the types of events, a domain name of the city written backwards.
    :ivar retry_hours: how long an event is tried again before it counts as failed.
    :ivar keep_days: days after which deliveries are deleted, with their attempts.
    """

    http = boolean(False)
    private_networks = one_or_more((), validator=values.proxies)
    prefix = string("org.civicportal", validator=values.reverse_domain)
    retry_hours = number(72, validator=colander.Range(1, 24 * 14))
    keep_days = number(30, validator=colander.Range(1, 365))


class TranslationTable(Table):
    """``[translations.<language>]``: the site's texts in a language besides ``site.locale``.

    A language is offered to visitors when all texts that they see are translated; ``civicportal check`` names those
    that are missing.

    :ivar name: as ``site.name``.
    :ivar short_name: as ``site.short_name``.
    :ivar attribution: as ``map.attribution``.
    :ivar contact: texts of ``[contact]``, by their keys.
    :ivar texts: texts of ``[texts]``, by their keys.
    :ivar plugins: texts of ``[plugins.<name>]``, by plugin and key.
    """

    name = string("")
    short_name = string("")
    attribution = string("")
    contact = FreeTable(missing={})
    texts = FreeTable(missing={})
    plugins = FreeTable(missing={})


class SiteSettings(Table):
    """The whole of ``site.toml`` but the plugins' own tables."""

    site = SiteTable()
    s3 = S3Table(missing=None)
    metrics = MetricsTable(missing=None)
    backup = BackupTable(missing=colander.drop)
    map = MapTable(missing=None)
    calendar = CalendarTable(missing=colander.drop)
    notifications = NotificationsTable()
    accounts = AccountsTable(missing={"strong_roles": None, "strong_permissions": ()})
    escalation = EscalationTable(missing={"steps": (), "every": 2})
    questions = QuestionsTable(missing={"days": 14, "remind_before": 3})
    contractors = ContractorsTable(missing={"enabled": True, "days": 7})
    api = ApiTable(missing=colander.drop)
    webhooks = WebhooksTable(missing=colander.drop)
    open_data = OpenDataTable(missing=colander.drop)
    look = FreeTable(missing={})
    contact = FreeTable(missing={})
    texts = FreeTable(missing={})
    translations = FreeTable(missing={})
    limits = FreeTable(missing={})
    plugins = FreeTable(missing={})


def read_settings(path: Path, environ: Mapping[str, str] | None = None) -> Values:
    """Read a site file and validate the core's tables.

    ``{ env = … }`` and ``{ file = … }`` are resolved.

    :raises ConfigurationError: names the file and the TOML path of every problem.
    """
    raw = read_toml(path)
    _refuse_plain_secrets(path, raw)
    resolved = _resolve(raw, os.environ if environ is None else environ, path, ())
    usual = {node.name: node.deserialize({}) for node in SiteSettings() if node.missing is colander.drop}
    settings = {**usual, **validate(SiteSettings(), resolved, path, "")}
    _check_limits(path, settings["limits"])
    settings["translations"] = _translations(path, settings)
    return settings


def validate(schema: colander.SchemaNode, table: object, path: Path, prefix: str) -> Values:
    """Validate one table.

    :param prefix: TOML path of the table, for messages.
    :raises ConfigurationError: with every problem, one a line.
    """
    try:
        return dict(schema.deserialize(table))
    except colander.Invalid as error:
        raise wrong_table(error, path, prefix) from None


def wrong_table(error: colander.Invalid, path: Path, prefix: str) -> ConfigurationError:
    """Return an error with every problem of a table, one a line, see :func:`validate`."""
    return ConfigurationError(
        "\n".join(f"{path}: {place}: {message}" for place, message in _problems(error, prefix))
    )


def _problems(error: colander.Invalid, prefix: str) -> list[tuple[str, str]]:
    found = []
    for path in error.paths():
        place = ".".join(part for part in (prefix, *(step.node.name for step in path)) if part)
        found += [(place or "site.toml", words) for words in _words(path[-1])]
    return found


def _words(error: colander.Invalid) -> list[str]:
    # Only the names of unknown keys are shown: a value may be a secret.
    if isinstance(error, colander.UnsupportedFields):
        return [f"unknown key {name!r}" for name in error.fields]
    return [
        str(message.interpolate() if hasattr(message, "interpolate") else message)
        for message in error.messages()
    ]


def _refuse_plain_secrets(path: Path, raw: Values) -> None:
    for table, key in SECRETS:
        values = raw.get(table)
        value = values.get(key) if isinstance(values, dict) else None
        if isinstance(value, str) or (isinstance(value, dict) and "default" in value):
            raise ConfigurationError(
                f'{path}: {table}.{key}: a secret is never written here; use {{ env = "NAME" }} or {{ file = "…" }}'
            )


def _resolve(value: Any, environ: Mapping[str, str], path: Path, place: tuple[str, ...]) -> Any:
    if len(place) > DEEPEST:
        raise ConfigurationError(f"{path}: {'.'.join(place)}: tables and arrays are nested too deeply")
    if isinstance(value, dict):
        if "env" in value and set(value) <= {"env", "default"}:
            return _from_environment(value, environ, path, place)
        if set(value) == {"file"}:
            return _from_file(value["file"], path, place)
        resolved = {key: _resolve(item, environ, path, (*place, key)) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not None}
    if isinstance(value, list):
        return [_resolve(item, environ, path, (*place, str(index))) for index, item in enumerate(value)]
    return value


def _from_environment(value: Values, environ: Mapping[str, str], path: Path, place: tuple[str, ...]) -> Any:
    if not isinstance(value["env"], str):
        raise ConfigurationError(f"{path}: {'.'.join(place)}: env must name a variable")
    found = environ.get(value["env"], value.get("default"))
    if found is None and place not in SECRETS and place[0] != "plugins" and place != ("site", "public_url"):
        raise ConfigurationError(f"{path}: {'.'.join(place)}: the environment has no {value['env']}")
    return found


def _from_file(name: object, path: Path, place: tuple[str, ...]) -> str:
    if not isinstance(name, str):
        raise ConfigurationError(f"{path}: {'.'.join(place)}: file must name a file")
    source = path.parent / name
    try:
        return source.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"{path}: {'.'.join(place)}: {source}: {error.strerror}") from None
    except ValueError as error:
        # The name contains NUL, or the file is not UTF-8.
        raise ConfigurationError(f"{path}: {'.'.join(place)}: {source}: {error}") from None


def _translations(path: Path, settings: Values) -> Values:
    locale = settings["site"]["locale"]
    others = [code for code in settings["site"]["languages"] if code != locale]
    found = {}
    for code, table in settings["translations"].items():
        place = f"translations.{code}"
        if code not in others:
            raise ConfigurationError(
                f"{path}: {place}: site.languages does not list this as another language"
            )
        found[code] = validate(TranslationTable(), table, path, place)
        for part in ("contact", "texts"):
            for key, text in found[code][part].items():
                if key not in settings[part]:
                    raise ConfigurationError(f"{path}: {place}.{part}: unknown key {key!r}")
                if not isinstance(text, str):
                    raise ConfigurationError(f"{path}: {place}.{part}.{key}: must be a string")
    return found


def _check_limits(path: Path, limits: Values) -> None:
    for name, windows in limits.items():
        if name not in LIMIT_DEFAULTS:
            raise ConfigurationError(
                f"{path}: limits.{name}: unknown limit; known are {', '.join(LIMIT_DEFAULTS)}"
            )
        well_formed = isinstance(windows, list) and all(
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(n, int) and n > 0 for n in pair)
            for pair in windows
        )
        if not well_formed:
            raise ConfigurationError(f"{path}: limits.{name}: must be an array of [hits, seconds]")


def warn_sleeping(name: str) -> None:
    """Warn about a table of an installed plugin that is not listed."""
    warnings.warn(f"plugins.{name}: the plugin is not listed in site.plugins and sleeps", stacklevel=2)
