"""Events for other software: their names, their data, and their bodies as CloudEvents 1.0."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, get_args

from translationstring import TranslationString

from civicportal.core.db import NEVER
from civicportal.core.plugins import in_order
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import AUTOMATED
from civicportal.domain.cases.workflow import Stage
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.errors import ConfigurationError
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work
    from civicportal.domain.cases.models import Case

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
SCHEMAS = "/api/v1/schemas/events"
VERSION = 1
"""Version of the schemas; it changes when a property is removed or gets another meaning."""
TEST = "portal.test"
_NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
_REFERRED = ("referred", "returned")
_TIME = {"type": "string", "format": "date-time"}
_NAMED = {
    "type": "object",
    "properties": {"key": {"type": "string"}, "name": {"type": "string"}},
    "required": ["key", "name"],
}
_CASE: dict[str, object] = {
    "code": {"type": "string", "pattern": "^[0-9]{10}$", "description": "tracking code"},
    "kind": {"type": "string", "description": "kind of case"},
    "status": {"type": "string"},
    "stage": {"enum": list(get_args(Stage))},
    "category": {"anyOf": [_NAMED, {"type": "null"}]},
    "unit": {"anyOf": [_NAMED, {"type": "null"}], "description": "the responsible unit"},
    "facts": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "what routing rules know of the case, for instance its district",
    },
    "urgent": {"type": "boolean"},
    "public": {"type": "boolean", "description": "published by an officer"},
    "version": {"type": "integer", "description": "increases with each change"},
    "created_at": _TIME,
    "updated_at": _TIME,
    "closed_at": {"anyOf": [_TIME, {"type": "null"}]},
    "deadline": {"anyOf": [_TIME, {"type": "null"}]},
}


@dataclass(frozen=True, kw_only=True)
class EventType:
    """A type of event.

    :ivar properties: JSON Schemas of the properties of its data besides those of the case.
    :ivar of_case: whether it happens to a case.
    """

    name: str
    title: TranslationString
    properties: Mapping[str, object]
    of_case: bool = True


def _type(name: str, title: TranslationString, **properties: object) -> EventType:
    return EventType(name=name, title=title, properties=properties)


EVENTS: dict[str, EventType] = {
    event.name: event
    for event in (
        _type("case.created", _("A case was registered")),
        _type("case.status_changed", _("The status of a case changed"), previous_status={"type": "string"}),
        _type("case.closed", _("A case was closed"), previous_status={"type": "string"}),
        _type("case.reopened", _("A closed case was opened again"), previous_status={"type": "string"}),
        _type(
            "case.referred",
            _("A case was passed to another unit"),
            previous_unit={"anyOf": [_NAMED, {"type": "null"}]},
        ),
        _type("case.corrected", _("The category or the place of a case was corrected")),
        _type("case.rated", _("A citizen rated a case")),
        _type(
            "message.added",
            _("A message was written in a case"),
            sender={"enum": ["citizen", "staff", "system"]},
        ),
        _type(
            "case.automated",
            _("An automation has chosen a case"),
            automation={"type": "string", "description": "title of the automation"},
        ),
    )
}
"""The events of cases that can be ordered, by name."""


def events_of(site: "Site") -> dict[str, EventType]:
    """Return the events of cases and of the plugins, by name.

    :raises ConfigurationError: when the event of a plugin does not begin with its name.
    """
    found = dict(EVENTS)
    for plugin, events in in_order(site.hooks, "register_events"):
        for name, (title, properties) in events().items():
            if not name.startswith(f"{plugin}.") or not _NAME.fullmatch(name):
                raise ConfigurationError(
                    f"plugin {plugin!r}, the event {name!r}: its name must be {plugin}. and small letters, digits and _"
                )
            found[name] = EventType(name=name, title=title, properties=properties, of_case=False)
    return found


def names_of(change: CaseChange) -> Iterator[str]:
    """Yield the names of the events of a change."""
    event = change.event
    if change.type == "opened":
        yield "case.created"
        return
    before, after = event.before, event.after
    if before and after and before != after and change.type in ("transition", "undone"):
        yield "case.status_changed"
        states = change.kind.workflow.by_name
        was_open = before in states and states[before].is_open
        if was_open != change.case.is_open:
            yield "case.reopened" if change.case.is_open else "case.closed"
    undone = event.data.get("type") if change.type == "undone" else None
    if change.type in _REFERRED or undone in _REFERRED:
        yield "case.referred"
    if change.type == "corrected" or undone == "corrected":
        yield "case.corrected"
    if change.type == "rated":
        yield "case.rated"
    if change.type == AUTOMATED:
        yield "case.automated"
    if event.public and event.public_text and change.type != "undone":
        yield "message.added"


def data_of(work: "Work", name: str, change: CaseChange) -> dict[str, object]:
    """Return the data of an event of a case: nothing that tells who its citizen is or what was written."""
    case, event = change.case, change.event
    found = _case_data(work, case)
    if "previous_status" in EVENTS[name].properties:
        found["previous_status"] = event.before
    if name == "case.referred":
        found["previous_unit"] = _unit(work, change.referral.from_unit_id if change.referral else None)
    if name == "case.automated":
        found["automation"] = event.automation
    if name == "message.added":
        found["sender"] = event.realm if event.realm in ("citizen", "staff") else "system"
    return found


def body_of(
    site: "Site",
    name: str,
    *,
    event_id: str,
    at: datetime,
    data: Mapping[str, object],
    subject: str | None = None,
) -> str:
    """Return an event as CloudEvents 1.0 in structured mode."""
    body: dict[str, object] = {
        "specversion": "1.0",
        "id": event_id,
        "type": f"{site.settings['webhooks']['prefix']}.{name}",
        "source": site.public_url or "/",
        "time": at.isoformat(timespec="milliseconds"),
        "datacontenttype": "application/json",
        "data": data,
    }
    if site.public_url:
        body["dataschema"] = f"{site.public_url}{SCHEMAS}/{name}/{VERSION}.json"
    if subject:
        body["subject"] = subject
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def schema_of(site: "Site", name: str) -> dict[str, object] | None:
    """Return the JSON Schema of the data of an event, or None for an unknown one."""
    event = events_of(site).get(name)
    if event is None and name != TEST:
        return None
    own = event.properties if event else {"message": {"type": "string"}}
    properties = {**(_CASE if event and event.of_case else {}), **own}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{site.public_url}{SCHEMAS}/{name}/{VERSION}.json",
        "title": name,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": True,
    }


def _case_data(work: "Work", case: "Case") -> dict[str, object]:
    return {
        "code": case.code,
        "kind": case.kind,
        "status": case.status,
        "stage": case.stage,
        "category": _category(work, case.category_id),
        "unit": _unit(work, case.unit_id),
        "facts": _facts(work, case),
        "urgent": case.urgent,
        "public": case.public,
        "version": case.version,
        "created_at": _moment(case.created_at),
        "updated_at": _moment(case.updated_at),
        "closed_at": _moment(case.closed_at),
        "deadline": None if case.deadline >= NEVER else _moment(case.deadline),
    }


def _facts(work: "Work", case: "Case") -> dict[str, str]:
    """Return the facts of a case that have one of the values from which rules choose, never a free text."""
    kind = kind_of(work.site, case.kind)
    if kind.facts is None or kind.known_facts is None:
        return {}
    found = kind.facts(case, work)
    return {
        fact.name: found[fact.name]
        for fact in kind.known_facts(work.site)
        if found.get(fact.name, "") in fact.values
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds") if at else None


def _unit(work: "Work", unit_id: int | None) -> dict[str, str] | None:
    organization = work.get(OrganizationService)
    unit = organization.units_in(work.site.locale).by_id.get(unit_id or 0)
    return {"key": unit.key, "name": unit.name} if unit else None


def _category(work: "Work", category_id: int | None) -> dict[str, str] | None:
    organization = work.get(OrganizationService)
    category = organization.categories_in(work.site.locale).by_id.get(category_id or 0)
    return {"key": category.key, "name": category.name} if category else None
