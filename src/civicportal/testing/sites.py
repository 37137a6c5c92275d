"""A small generic city, written into a folder."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from civicportal.core.clock import SystemClock
from civicportal.core.site import Site
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.workflow import CaseKind, permissions_of
from civicportal.testing.clock import FakeClock
from civicportal.testing.kinds import PETITION_TEXTS, PETITIONS
from civicportal.util.values import Values

SETTINGS: Values = {
    "site": {
        "name": "شهر نمونه",
        "short_name": "نمونه",
        "plugins": [],
        "mode": "development",
        "locale": "fa",
        "calendar": "jalali",
        "country": "ir",
        "timezone": "Asia/Tehran",
        "secret": {"file": "secret"},
        "fallback_unit": "pr",
    },
    "map": {"geojson": "city.geojson", "center": [31.02, 52.02]},
    "calendar": {"weekend": ["fri"], "half_days": ["thu"], "hours": "07:30-14:30", "half_day_end": "13:00"},
    "notifications": {"transport": "memory"},
}

UNITS = {
    "units": [
        {"key": "pr", "name": "روابط عمومی"},
        {"key": "services", "name": "معاونت خدمات شهری"},
        {"key": "waste", "name": "سازمان پسماند", "parent": "services"},
        {"key": "lighting", "name": "ادارهٔ روشنایی", "parent": "services"},
    ]
}
CATEGORIES = {
    "kind": "petitions",
    "categories": [
        {
            "key": "cleaning",
            "name": "نظافت شهری",
            "icon": "trash",
            "tint": "g",
            "children": [
                {"key": "bin", "name": "سطل زباله", "unit": "waste", "days": 2, "synonyms": ["مخزن"]},
                {"key": "sweeping", "name": "رفت‌وروب", "unit": "waste", "days": 1},
            ],
        },
        {"key": "other", "name": "موضوع دیگر", "icon": "dots", "tint": "b", "unit": "pr", "days": 3},
    ],
}
ROLES = {
    "roles": {
        "handler": {"title": "کارشناس", "permissions": ["petitions:*"]},
        "observer": {"title": "ناظر", "permissions": ["petitions:case:view"]},
    }
}
ROUTING = {
    "routing": [
        {"key": "bins_two", "kind": "petitions", "category": "bin", "district": "منطقهٔ دو", "unit": "pr"}
    ]
}
MESSAGES: Values = {"messages": {}}
HOLIDAYS = {"holidays": [{"date": "1405-03-14", "title": "تعطیل نمونه"}]}


def _feature(kind: str, geometry: str, coordinates: object, **properties: object) -> dict[str, object]:
    return {
        "type": "Feature",
        "properties": {"kind": kind, **properties},
        "geometry": {"type": geometry, "coordinates": coordinates},
    }


def _box(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


MAP = {
    "type": "FeatureCollection",
    "features": [
        _feature("boundary", "Polygon", _box(52.0, 31.0, 52.04, 31.04), name="شهر نمونه"),
        _feature("district", "Polygon", _box(52.0, 31.0, 52.02, 31.04), name="منطقهٔ یک", number=1),
        _feature("district", "Polygon", _box(52.02, 31.0, 52.04, 31.04), name="منطقهٔ دو", number=2),
        _feature("road", "LineString", [[52.0, 31.02], [52.04, 31.02]], cls="primary", name="خیابان آزادی"),
        _feature("road", "LineString", [[52.01, 31.0], [52.01, 31.04]], cls="street", name="کوچهٔ بهار"),
    ],
}


def make_site_file(folder: Path, **overrides: Values) -> Path:
    """Write a site into a folder: ``site.toml``, seeds, a map.

    :param overrides: tables of ``site.toml``, merged into the defaults: ``site={"plugins": ["reports"]}``.
    :returns: the site file.
    """
    settings = {
        name: {**SETTINGS.get(name, {}), **overrides.get(name, {})} for name in {**SETTINGS, **overrides}
    }
    settings["site"].setdefault("database_url", f"sqlite:///{folder / 'site.db'}")
    settings["site"].setdefault("files", str(folder / "files"))
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    (folder / "secret").write_text("a secret of tests, long enough for everything")
    (folder / "city.geojson").write_text(json.dumps(MAP, ensure_ascii=False), encoding="utf-8")
    seeds: Values = {
        "units": UNITS,
        "categories": CATEGORIES,
        "roles": ROLES,
        "routing": ROUTING,
        "messages": MESSAGES,
        "calendar": HOLIDAYS,
    }
    for name, values in seeds.items():
        (data / f"{name}.toml").write_text(to_toml(values), encoding="utf-8")
    path = folder / "site.toml"
    path.write_text(to_toml(settings), encoding="utf-8")
    return path


def make_site(
    path: Path,
    *,
    clock: SystemClock | None = None,
    kinds: Iterable[CaseKind] = (PETITIONS,),
    transport: str | None = None,
    database_url: str | None = None,
) -> Site:
    """Assemble a site with a fixed clock.

    :param transport: of messages, instead of the site's own.
    :param database_url: instead of the site's own.
    """
    site = Site(path, clock=clock or FakeClock(), transport=transport, database_url=database_url)
    for kind in kinds:
        kind.check()
        kinds_of(site)[kind.name] = kind
        site.permissions.update({permission.name: permission for permission in permissions_of(kind)})
    site.messages.update({text.key: text for text in PETITION_TEXTS})
    return site


def to_toml(table: Values) -> str:
    """Write plain values as TOML."""
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    lines = [f"{key} = {_value(value)}" for key, value in plain.items()]
    for name, inner in table.items():
        if name not in plain:
            lines += [f"\n[{name}]", *(f"{_key(key)} = {_value(value)}" for key, value in inner.items())]
    return "\n".join(lines) + "\n"


def _key(key: str) -> str:
    return key if key.replace("_", "").isalnum() and key.isascii() else json.dumps(key)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
