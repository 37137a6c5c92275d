"""Administration of automations."""

from functools import partial

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.accounts.services import AccountService
from civicportal.domain.automation.form import automation_form, columns_of, form_values
from civicportal.domain.automation.models import Automation
from civicportal.domain.automation.schemas import RunFilters
from civicportal.domain.automation.services import STATES, AutomationService, AutomationSummary
from civicportal.domain.automation.trial import SHOWN, TrialService
from civicportal.domain.automation.triggers import AGES, TRIGGERS
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.sources import SOURCES
from civicportal.domain.kartable.choices import known_facts
from civicportal.domain.kartable.ready_texts import FIELDS
from civicportal.domain.notifications.troubles import localized_reason
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.util.errors import Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.editing import edit_form, handle_edit, press
from civicportal.web.forms import BoundForm
from civicportal.web.forms.filters import page_ends, with_query
from civicportal.web.ordering import step
from civicportal.web.request import Request, ViewResult

TRY = "try"
"""The button that tests an automation before it is saved."""
STAGES = {"waiting": "registered", "done": "done", "refused": "late", "failed": "late"}
"""Looks of the states of runs."""


def automations(request: Request) -> dict[str, object]:
    """Show the automations in order."""
    service = request.work.get(AutomationService)
    found = service.all()
    return {
        "rows": found,
        "summaries": service.summaries(),
        "no_summary": AutomationSummary(),
        "problems": service.last_problems(),
        "unusable": {one.id: service.unusable(one) for one in found},
        "names": request.work.get(AccountService).names(one.to_user_id for one in found),
        **_words(request),
    }


def new(request: Request) -> ViewResult:
    """Add an automation at the end."""
    service = request.work.get(AutomationService)
    form = _form(request, None, {"active": True, "age_unit": "days"})
    context = {"automation": None, "outcome": None, **_form_context(request)}

    def save(values: Values) -> ViewResult:
        columns = columns_of(request.site, values, {})
        if TRY in request.POST:
            return {"form": form, "seen": "", "stale": False, "changes_since": [], **context} | _trial(
                request, columns, None
            )
        try:
            service.add(columns)
        except Refused as refusal:
            form.refuse("title", refusal.reason)
        return _done(request, _("The automation was added as the last one."))

    return form.handle(save, seen="", stale=False, changes_since=[], **context)


def automation(request: Request) -> ViewResult:
    """Show and change an automation."""
    service = request.work.get(AutomationService)
    found = service.fetch(_id(request), lock=request.method == "POST")
    present = form_values(found)
    form = _form(request, found, present)
    context = {
        "automation": found,
        "outcome": None,
        "summary": service.summaries().get(found.id, AutomationSummary()),
        "problem": service.last_problems().get(found.id),
        "unusable": service.unusable(found),
        "may_delete": service.may_delete(found),
        **_form_context(request),
    }

    def save(values: Values) -> ViewResult:
        columns = columns_of(request.site, values, found.facts)
        if TRY in request.POST:
            return {"form": form, **context, **_trial(request, columns, found)}
        service.change(found, columns)
        return _done(request, _("The automation is kept."))

    return handle_edit(request, form, _form(request, found, present), save, **context)


def log(request: Request) -> dict[str, object]:
    """Show on which cases an automation has acted, and why not on others."""
    service = request.work.get(AutomationService)
    found = service.fetch(_id(request))
    state = BoundForm(request, RunFilters()).read_filters(request.GET)["state"]
    address = request.route_path("admin.automation_log", id=found.id)
    page = service.runs(found, state, **page_ends(request))
    return {
        "automation": found,
        "page": page,
        "visible": service.visible(case.id for _run, case in page.rows),
        "state": state,
        "states": STATES,
        "stages": STAGES,
        "url": lambda **changes: with_query(address, {"state": state, **changes}),
        **_words(request),
    }


def move(request: Request) -> HTTPSeeOther:
    """Swap an automation with its neighbour."""
    service = request.work.get(AutomationService)
    found = service.fetch(_id(request))
    return press(request, lambda: service.move(found, step(request)), None, _row(request, found))


def switch(request: Request) -> HTTPSeeOther:
    """Switch an automation on or off."""
    service = request.work.get(AutomationService)
    found = service.fetch(_id(request), lock=True)
    on = request.POST.get("active") == "true"
    done = _("The automation is switched on.") if on else _("The automation is switched off.")
    return press(request, lambda: service.set_active(found, on), done, _row(request, found))


def delete(request: Request) -> HTTPSeeOther:
    """Delete an automation that has done nothing."""
    service = request.work.get(AutomationService)
    found = service.fetch(_id(request), lock=True)
    done = _("The automation was deleted.")
    return press(request, lambda: service.delete(found), done, request.route_path("admin.automations"))


def _id(request: Request) -> int:
    return int(request.matchdict["id"])


def _row(request: Request, automation: Automation) -> str:
    """Return the URL of an automation in the list."""
    return request.route_path("admin.automations", _anchor=f"automation-{automation.id}")


def _done(request: Request, told: str) -> HTTPSeeOther:
    request.session.flash(request.translate(told), "good")
    return HTTPSeeOther(request.route_path("admin.automations"))


def _words(request: Request) -> dict[str, object]:
    return {
        "triggers": TRIGGERS,
        "ages": AGES,
        "kinds": kinds_of(request.site),
        "sources": SOURCES,
        "organization": request.work.get(OrganizationService),
        "choice_title": request.work.get(QuestionnaireService).choice_title,
        "fact_titles": {name: fact.title for name, (fact, _kinds) in known_facts(request.site).items()},
        "localized_reason": partial(localized_reason, localizer=request.localizer),
    }


def _form_context(request: Request) -> dict[str, object]:
    return {
        "facts": [f"fact_{name}" for name in known_facts(request.site)],
        "fields": FIELDS,
        "most_shown": SHOWN,
        **_words(request),
    }


def _trial(request: Request, columns: Values, found: Automation | None) -> dict[str, object]:
    """Return the dry run of an unsaved automation."""
    now = request.work.clock.now()
    draft = Automation(**columns, id=found.id if found else 0, active_since=now)
    return {"outcome": request.work.get(TrialService).run(draft)}


def _form(request: Request, found: Automation | None, present: Values) -> BoundForm:
    schema, bindings = automation_form(request.work, found)
    return edit_form(request, schema, present, ignore=(TRY,), bindings=bindings)
