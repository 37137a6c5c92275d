"""Routing rules: the list with hits, and one rule."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.accounts.services import AccountService
from civicportal.domain.kartable.choices import answer_bindings, fact_fields, known_facts, people_options
from civicportal.domain.kartable.dry_run import DryRunService
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.kartable.rules import RuleHits, RuleService
from civicportal.domain.organization.choices import category_options, unit_options
from civicportal.domain.organization.editing import new_key
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.portal.admin import options
from civicportal.portal.admin.schemas import RuleForm
from civicportal.portal.admin.views.dry_run import shown
from civicportal.portal.admin.views.helpers import row_id
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.editing import edit_form, handle_edit, press
from civicportal.web.forms import BoundForm
from civicportal.web.ordering import step
from civicportal.web.request import Request, ViewResult

TRY = "try"
"""The button that tests a rule before it is saved."""
TRIED = 300
"""Number of cases of the test."""


def rules(request: Request) -> dict[str, object]:
    """Show the rules in order."""
    service = request.work.get(RuleService)
    found = service.all()
    return {
        "rows": found,
        "hits": service.hits(),
        "no_hits": RuleHits(),
        "dead": service.dead(),
        "kind_titles": request.site.kind_titles,
        "names": request.work.get(AccountService).names(rule.user_id for rule in found),
        "organization": request.work.get(OrganizationService),
        "fact_titles": _fact_titles(request),
        "choice_title": request.work.get(QuestionnaireService).choice_title,
    }


def new(request: Request) -> ViewResult:
    """Add a rule at the end."""
    service = request.work.get(RuleService)
    form = _form(request, None, {"active": True})

    def save(values: Values) -> ViewResult:
        columns = _values(request, values, {})
        if TRY in request.POST:
            return {"form": form, "seen": "", "stale": False, "changes_since": [], **context} | _trial(
                request, columns, None
            )
        service.add(columns)
        request.session.flash(request.translate(_("The rule was added as the last one.")), "good")
        return HTTPSeeOther(request.route_path("admin.routing"))

    context = {"rule": None, "may_delete": False, "facts": _fact_fields(request), "outcome": None}
    return form.handle(save, seen="", stale=False, changes_since=[], **context)


def rule(request: Request) -> ViewResult:
    """Show and change a rule."""
    service = request.work.get(RuleService)
    found = service.fetch(row_id(request), lock=request.method == "POST")
    present = _present(found)
    form = _form(request, found, present)
    context = {
        "rule": found,
        "facts": _fact_fields(request),
        "may_delete": service.may_delete(found),
        "hits": service.hits().get(found.key, RuleHits()),
        "dead": service.dead().get(found.id),
        "outcome": None,
    }

    def save(values: Values) -> ViewResult:
        columns = _values(request, values, found.facts)
        if TRY in request.POST:
            return {"form": form, **context, **_trial(request, columns, found)}
        service.change(found, columns)
        request.session.flash(request.translate(_("The rule is kept.")), "good")
        return HTTPSeeOther(request.route_path("admin.routing"))

    return handle_edit(request, form, _form(request, found, present), save, **context)


def move(request: Request) -> HTTPSeeOther:
    """Swap a rule with its neighbour."""
    service = request.work.get(RuleService)
    found = service.fetch(row_id(request))
    return press(request, lambda: service.move(found, step(request)), None, _row(request, found))


def switch(request: Request) -> HTTPSeeOther:
    """Enable or disable a rule."""
    service = request.work.get(RuleService)
    found = service.fetch(row_id(request), lock=True)
    on = request.POST.get("active") == "true"
    done = _("The rule is switched on.") if on else _("The rule is switched off.")
    return press(request, lambda: service.set_active(found, on), done, _row(request, found))


def delete(request: Request) -> HTTPSeeOther:
    """Delete a rule that has routed no case."""
    service = request.work.get(RuleService)
    found = service.fetch(row_id(request), lock=True)
    done = _("The rule was deleted.")
    return press(request, lambda: service.delete(found), done, request.route_path("admin.routing"))


def _row(request: Request, rule: RoutingRule) -> str:
    """Return the URL of a rule in the list."""
    return request.route_path("admin.routing", _anchor=f"rule-{rule.id}")


def _trial(request: Request, columns: Values, found: RoutingRule | None) -> dict[str, object]:
    """Return the dry run of an unsaved rule."""
    every = request.work.get(RuleService).all()
    draft = RoutingRule(**{**columns, "key": found.key if found else new_key("rule"), "active": True})
    rules = [draft if rule is found else rule for rule in every if rule.active or rule is found]
    rules += [] if found else [draft]
    return shown(request, rules, request.work.get(DryRunService).run(rules, newest=TRIED))


def _form(request: Request, found: RoutingRule | None, present: Values) -> BoundForm:
    work, facts = request.work, known_facts(request.site)
    answers = answer_bindings(work, keep=found.choice_id if found else None)
    categories = work.get(OrganizationService).categories.by_id.values()
    schema = RuleForm()
    for node in fact_fields(request.site):
        schema.add(node)
    if not answers["choices"]:
        del schema["choice"]
    bindings = {
        "kinds": options.kind_options(request),
        "categories": category_options(work, unused=True),
        "units": unit_options(work, keep=(found.unit_id,) if found else ()),
        "people": people_options(work),
        "kind_of": {str(category.id): category.kind for category in categories},
        **answers,
        "fact_kinds": {name: kinds for name, (_fact, kinds) in facts.items()},
    }
    return edit_form(request, schema, present, ignore=(TRY,), bindings=bindings)


def _present(found: RoutingRule) -> dict[str, object]:
    return {
        "title": found.title,
        "kind": found.kind,
        "category": str(found.category_id) if found.category_id else None,
        "choice": str(found.choice_id) if found.choice_id else None,
        "unit": str(found.unit_id),
        "user": f"{found.unit_id}-{found.user_id}" if found.user_id else None,
        "deadline_days": found.deadline_days,
        "active": found.active,
        **{f"fact_{name}": value for name, value in found.facts.items()},
    }


def _values(request: Request, values: Values, facts: dict[str, str]) -> dict[str, object]:
    """Return the columns of a rule.

    Seeded facts that no form has are kept.
    """
    known = known_facts(request.site)
    chosen = {name: values[f"fact_{name}"] for name in known if values[f"fact_{name}"]}
    person = (values["user"] or "").partition("-")[2]
    return {
        "title": values["title"],
        "kind": values["kind"],
        "category_id": int(values["category"]) if values["category"] else None,
        "choice_id": int(values["choice"]) if values.get("choice") else None,
        "facts": {**{name: value for name, value in facts.items() if name not in known}, **chosen},
        "unit_id": int(values["unit"]),
        "user_id": int(person) if person else None,
        "deadline_days": values["deadline_days"],
        "active": values["active"],
    }


def _fact_fields(request: Request) -> list[str]:
    return [f"fact_{name}" for name in known_facts(request.site)]


def _fact_titles(request: Request) -> dict[str, object]:
    return {name: fact.title for name, (fact, _kinds) in known_facts(request.site).items()}
