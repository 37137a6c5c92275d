"""The form of an automation: its fields on a site, and its values from and for the table."""

from typing import TYPE_CHECKING

import colander

from civicportal.domain.automation.actions import asks
from civicportal.domain.automation.models import Automation
from civicportal.domain.automation.schemas import NO, YES, AutomationForm
from civicportal.domain.automation.triggers import AGES
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.workflow import CaseKind
from civicportal.domain.kartable.choices import answer_bindings, fact_fields, known_facts, people_options
from civicportal.domain.organization.choices import category_options, unit_options
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.values import Values
from civicportal.web.schema import Option

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

SAME = ("title", "trigger", "age_unit", "source", "words", "note", "message", "question", "tells", "active")
"""Fields that are columns of the same name and type."""


def automation_form(work: "Work", found: Automation | None) -> tuple[AutomationForm, dict[str, object]]:
    """Return the schema of the form, and its bindings.

    :param found: the automation that is changed; None for a new one.
    """
    facts, answers = known_facts(work.site), answer_bindings(work, keep=found.choice_id if found else None)
    categories = work.get(OrganizationService).categories.by_id.values()
    kinds = kinds_of(work.site).values()
    schema = AutomationForm()
    for node in fact_fields(work.site):
        schema.add(node)
    if not answers["choices"]:
        del schema["choice"]
    return schema, {
        "kinds": [Option(value=kind.name, label=kind.title) for kind in kinds],
        "statuses": [option for kind in kinds for option in _statuses(kind, found)],
        "categories": category_options(work, unused=True),
        "units": unit_options(work, keep=(found.unit_id, found.to_unit_id) if found else ()),
        "people": people_options(work),
        "kind_of": {str(category.id): category.kind for category in categories},
        **answers,
        "fact_kinds": {name: kinds for name, (_fact, kinds) in facts.items()},
        "asking": {kind.name for kind in kinds if asks(kind)},
    }


def check_automation(work: "Work", automation: Automation) -> None:
    """Refuse an automation of the files that the form would refuse.

    :raises colander.Invalid: with the reasons at their fields.
    """
    schema, bindings = automation_form(work, None)
    bound = schema.bind(**bindings)
    present = form_values(automation)
    bound.deserialize(
        {node.name: node.serialize(present.get(node.name, colander.null)) for node in bound.children}
    )


def form_values(found: Automation) -> dict[str, object]:
    """Return the values of the form for an automation."""
    return {
        **{name: getattr(found, name) for name in (*SAME, "age", "backlog", "kind")},
        "status": f"{found.kind}:{found.status}" if found.status else None,
        "category": str(found.category_id) if found.category_id else None,
        "choice": str(found.choice_id) if found.choice_id else None,
        "unit": str(found.unit_id) if found.unit_id else None,
        "urgent": _choice(found.urgent),
        "set_urgent": _choice(found.set_urgent),
        "to_unit": str(found.to_unit_id) if found.to_unit_id else None,
        "to_user": f"{found.to_unit_id}-{found.to_user_id}" if found.to_user_id else None,
        **{f"fact_{name}": value for name, value in found.facts.items()},
    }


def columns_of(site: "Site", values: Values, facts: dict[str, str]) -> dict[str, object]:
    """Return the columns of an automation for the values of the form.

    :param facts: which it had before: those that no form has, because their service is switched off, are kept.
    """
    known = known_facts(site)
    chosen = {name: values[f"fact_{name}"] for name in known if values[f"fact_{name}"]}
    of_kind, _colon, status = (values["status"] or "").partition(":")
    person = (values["to_user"] or "").partition("-")[2]
    is_age = values["trigger"] in AGES
    return {
        **{name: values[name] for name in SAME},
        "age": values["age"] if is_age else None,
        "backlog": values["backlog"] and is_age,
        "kind": values["kind"] or of_kind or None,
        "status": status or None,
        "category_id": int(values["category"]) if values["category"] else None,
        "choice_id": int(values["choice"]) if values.get("choice") else None,
        "unit_id": int(values["unit"]) if values["unit"] else None,
        "urgent": _flag(values["urgent"]),
        "facts": {**{name: value for name, value in facts.items() if name not in known}, **chosen},
        "set_urgent": _flag(values["set_urgent"]),
        "to_unit_id": int(values["to_unit"]) if values["to_unit"] else None,
        "to_user_id": int(person) if person else None,
    }


def _statuses(kind: CaseKind, found: Automation | None) -> list[Option]:
    """Return the states of a kind; a retired one only if the automation has it."""
    present = found.status if found and found.kind == kind.name else None
    return [
        Option(value=f"{kind.name}:{state.name}", label=state.title, group=kind.title)
        for state in kind.workflow.states
        if not state.retired or state.name == present
    ]


def _choice(flag: bool | None) -> str | None:
    return None if flag is None else YES if flag else NO


def _flag(choice: str | None) -> bool | None:
    return None if choice is None else choice == YES
