"""Units: the tree, one unit, closing it and handing over its references."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.automation.services import AutomationService
from civicportal.domain.kartable.bulk import each
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.usage import UsageService
from civicportal.domain.kartable.views.unattended import warn_unattended
from civicportal.domain.organization.choices import unit_options
from civicportal.domain.organization.editing import in_order
from civicportal.domain.organization.models import Unit
from civicportal.domain.organization.units import UnitService
from civicportal.domain.statistics.lookup import CounterService
from civicportal.portal.admin.closing import ClosingService
from civicportal.portal.admin.schemas import UnitClosing, UnitForm
from civicportal.portal.admin.views.helpers import lacking, row_id, translations
from civicportal.util.errors import Refused
from civicportal.util.i18n import _, format_number
from civicportal.util.values import Values
from civicportal.web.editing import edit_form, handle_edit, press
from civicportal.web.forms import BoundForm
from civicportal.web.forms.translated import TranslatedFields
from civicportal.web.ordering import step
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Option, whole_number

MOST = 100
"""Cases referred at once."""


def units(request: Request) -> dict[str, object]:
    """Show the tree."""
    service = request.work.get(UnitService)
    return {
        "rows": list(in_order(service.tree)),
        "siblings": {unit.id: service.tree.children(unit.parent_id) for unit in service.tree.by_id.values()},
        "cases": request.work.get(CounterService).open_by_unit(),
        "fallback": request.site.fallback_unit,
        "lacking": lacking(request, "units"),
    }


def new(request: Request) -> ViewResult:
    """Add a unit."""
    service = request.work.get(UnitService)
    form = _form(request, None, {"parent": request.GET.get("parent", "")})

    def save(values: Values) -> HTTPSeeOther:
        service.add(_values(request, values))
        request.session.flash(request.translate(_("The unit was added.")), "good")
        return HTTPSeeOther(request.route_path("admin.units"))

    languages = _translated(request).groups
    return form.handle(save, unit=None, languages=languages, seen="", stale=False, changes_since=[])


def unit(request: Request) -> ViewResult:
    """Show and change a unit."""
    service = request.work.get(UnitService)
    found = service.fetch(row_id(request), lock=request.method == "POST")
    present = _present(request, found)
    form = _form(request, found, present)

    def save(values: Values) -> HTTPSeeOther:
        try:
            service.change(found, _values(request, values, found))
        except Refused as refusal:
            form.refuse("parent", refusal.reason)
        request.session.flash(request.translate(_("The unit is kept.")), "good")
        return HTTPSeeOther(request.route_path("admin.units"))

    usage = request.work.get(UsageService)
    return handle_edit(
        request,
        form,
        _form(request, found, present),
        save,
        unit=found,
        languages=_translated(request).groups,
        usage=usage.of(found),
        members=usage.members(found),
        targets=_others(request, found),
        may_delete=service.may_delete(found),
        fallback=request.site.fallback_unit,
    )


def move(request: Request) -> HTTPSeeOther:
    """Swap a unit with its neighbour."""
    service = request.work.get(UnitService)
    found = service.fetch(row_id(request))
    target = request.route_path("admin.units", _anchor=f"unit-{found.id}")
    return press(request, lambda: service.move(found, step(request)), None, target)


def close(request: Request) -> ViewResult:
    """Close a unit, and transfer its references."""
    service, usage = request.work.get(UnitService), request.work.get(UsageService)
    automations = request.work.get(AutomationService)
    found = service.fetch(row_id(request), lock=request.method == "POST")
    form = BoundForm(request, UnitClosing(), bindings={"units": _others(request, found)})

    def save(values: Values) -> HTTPSeeOther:
        successor = service.fetch(int(values["target"])) if values["target"] else None
        try:
            request.work.get(ClosingService).close(found, successor)
        except Refused as refusal:
            form.refuse("", refusal.reason)
        request.session.flash(request.translate(_("The unit takes no new cases any more.")), "good")
        warn_unattended(request, request.work)
        return HTTPSeeOther(request.route_path("admin.unit", id=found.id))

    leading = automations.referring_to(found.id)
    return form.handle(save, unit=found, usage=usage.of(found), automations=leading)


def reopen(request: Request) -> HTTPSeeOther:
    """Reopen a unit for cases."""
    service = request.work.get(UnitService)
    found = service.fetch(row_id(request))
    done = _("The unit takes cases again.")
    return press(request, lambda: service.open(found), done, _address(request, found))


def refer(request: Request) -> HTTPSeeOther:
    """Refer the open cases of a unit to another, one by one.

    Those the actor may not refer stay.
    """
    target = whole_number(request.POST.get("target", ""))
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        found = work.get(UnitService).fetch(row_id(request))
        codes = work.get(UsageService).open_codes(found, MOST) if target else []
    outcomes = each(
        request.site,
        request.identity,
        codes,
        lambda work, case: work.get(KartableService).refer(case, target),
    )
    done = sum(outcome.reason is None for outcome in outcomes)
    message = _("Cases referred: ${done}. Not referred: ${left}.")
    counts = {"done": done, "left": len(outcomes) - done}
    numbers = {name: format_number(count, request.locale_name) for name, count in counts.items()}
    text = request.translate(message % numbers)
    reasons = {request.translate(outcome.reason): None for outcome in outcomes if outcome.reason}
    request.session.flash(" ".join([text, *reasons]), "good" if done == len(outcomes) else "warn")
    return HTTPSeeOther(_address(request, found))


def delete(request: Request) -> HTTPSeeOther:
    """Delete a unit without references."""
    service = request.work.get(UnitService)
    found = service.fetch(row_id(request), lock=True)
    done = _("The unit was deleted.")
    return press(request, lambda: service.delete(found), done, request.route_path("admin.units"))


def _form(request: Request, found: Unit | None, present: Values) -> BoundForm:
    parents = request.work.get(UnitService).possible_parents(found)
    offered = [Option(value=str(unit.id), label=unit.name) for unit in parents]
    schema = _translated(request).add_to(UnitForm())
    return edit_form(request, schema, present, bindings={"units": offered})


def _others(request: Request, found: Unit) -> list[Option]:
    return [option for option in unit_options(request.work) if option.value != str(found.id)]


def _translated(request: Request) -> TranslatedFields:
    return TranslatedFields(request.site, ("name", "short_name"))


def _present(request: Request, found: Unit) -> dict[str, object]:
    return {
        **_translated(request).initial(found.translations),
        "name": found.name,
        "short_name": found.short_name,
        "parent": str(found.parent_id) if found.parent_id else None,
        "phone": found.phone,
    }


def _values(request: Request, values: Values, found: Unit | None = None) -> dict[str, object]:
    parent = values["parent"]
    return {
        "translations": translations(found, _translated(request).read(values)),
        "name": values["name"],
        "short_name": values["short_name"],
        "parent_id": int(parent) if parent else None,
        "phone": values["phone"],
    }


def _address(request: Request, found: Unit) -> str:
    return str(request.route_path("admin.unit", id=found.id))
