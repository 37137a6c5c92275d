"""Form options of rules about cases."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import colander
from translationstring import TranslationString

from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.workflow import CaseKind, RoutingFact
from civicportal.domain.kartable.addressees import offered
from civicportal.domain.organization.editing import in_order
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import optional_choice
from civicportal.web.schema import Node, Option

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work


def people_options(work: "Work") -> list[Option]:
    """Return the staff of all units: the value is ``<unit>-<user>``."""
    units = work.get(OrganizationService).units
    people = offered(work)
    return [
        Option(value=f"{unit.id}-{user_id}", label=name, group=unit.name)
        for _depth, unit in in_order(units)
        for user_id, name in people.get(unit.id, ())
    ]


def known_facts(site: "Site") -> dict[str, tuple[RoutingFact, set[str]]]:
    """Return the facts available in rules, by name, with the kinds that know them."""
    found: dict[str, tuple[RoutingFact, set[str]]] = {}
    for kind in kinds_of(site).values():
        for fact in kind.known_facts(site) if kind.known_facts else ():
            found.setdefault(fact.name, (fact, set()))[1].add(kind.name)
    return found


def fact_fields(site: "Site") -> Iterator[Node]:
    """Yield the fields ``fact_<name>`` of the form of a rule."""
    for name, (fact, _kinds) in known_facts(site).items():
        node = optional_choice(fact.values, fact.title, _("Does not matter"))
        node.name = f"fact_{name}"
        yield node


def missing_fact(site: "Site", kind: str | None, facts: Mapping[str, str]) -> TranslationString | None:
    """Return why no case can have the facts of a rule, such as a district that the map does not have any more.

    :param kind: of the cases; None for those of all services.
    """
    kinds = [one for one in kinds_of(site).values() if kind in (None, one.name)]
    for name, value in facts.items():
        if not any(_may_have(site, one, name, value) for one in kinds):
            known = known_facts(site).get(name)
            title = known[0].title if known else name
            return _("No case has the fact “${fact}: ${value}”.", mapping={"fact": title, "value": value})
    return None


def _may_have(site: "Site", kind: CaseKind, name: str, value: str) -> bool:
    if kind.facts is None or kind.known_facts is None:
        return kind.facts is not None
    return any(fact.name == name and value in fact.values for fact in kind.known_facts(site))


def answer_bindings(work: "Work", *, keep: int | None = None) -> dict[str, object]:
    """Return the bindings of a form with the field ``choice``, an answer to a question of a category.

    :param keep: id of a choice that is offered although it was deleted.
    """
    questionnaires, organization = work.get(QuestionnaireService), work.get(OrganizationService)
    offered, above = list[Option](), dict[str, set[str]]()
    categories = questionnaires.choice_categories()
    for option in questionnaires.choice_options():
        category_id = categories[int(option.value)]
        above[option.value] = {str(one.id) for one in organization.categories.path(category_id)}
        # With its question: a chosen option is shown without its group.
        title = f"{option.group} – {option.label}"
        group = organization.category_name(category_id)
        offered.append(Option(value=option.value, label=title, group=group))
    if keep and str(keep) not in above:
        offered.append(Option(value=str(keep), label=_("An answer that was deleted")))
    return {"choices": offered, "choice_categories": above}


def refuse_other_answer(
    node: colander.SchemaNode, values: Values, error: colander.Invalid, kind: str | None
) -> None:
    """Refuse an answer to a question of another category or service, at its field."""
    choice = values.get("choice")
    above = node.bindings["choice_categories"].get(choice) if choice else None
    if not above:
        return
    if values["category"] and values["category"] not in above:
        error["choice"] = _("This question is one of another category.")
    elif kind and all(node.bindings["kind_of"][one] != kind for one in above):
        error["choice"] = _("This question is one of another service.")
