"""Administration of other servers."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial

import colander
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from translationstring import TranslationString

from civicportal.api.cases import kind_of
from civicportal.api.database import Work
from civicportal.api.forms import (
    BoundForm,
    Choice,
    CleanText,
    FormInvalid,
    Node,
    Option,
    Values,
    whole_number,
)
from civicportal.api.organization import Category, OrganizationService, Unit
from civicportal.api.outgoing import DeliveryQueue
from civicportal.api.plugins import Conflict
from civicportal.api.submission import QuestionnaireService
from civicportal.api.web import Request, ViewResult
from civicportal_reports.i18n import _
from civicportal_reports.open311_client.composing import PICTURES
from civicportal_reports.open311_client.models import RemoteDelivery, RemoteRule, RemoteServer
from civicportal_reports.open311_client.own_updates import OwnUpdateService
from civicportal_reports.open311_client.remote import GeoReportClient, LostKey, RemoteAddress, RemoteError
from civicportal_reports.open311_client.schemas import ArrivedForm, DeliveryRuleForm, RemoteServerForm
from civicportal_reports.open311_client.services import CONFLICTS, STAGES, STATES, RemoteService, conflict_of
from civicportal_reports.workflow import KIND

INDENT = "\N{EM SPACE}"


def servers(request: Request) -> dict[str, object]:
    """List the servers with their numbers."""
    service = request.work.get(RemoteService)
    rows = service.servers()
    return {"rows": rows, "summaries": service.summaries(rows), "conflicts": CONFLICTS}


def new(request: Request) -> ViewResult:
    """Add a server."""
    form = _form(request, {"form": "json", "pictures": "addresses", "personal": False, "no_key": False})
    if asked := request.ask_proof(form):
        return asked

    def save(values: Values) -> HTTPSeeOther:
        try:
            server = request.work.get(RemoteService).add(_columns(request, values), values["api_key"])
        except Conflict:
            form.refuse("name", _("There are as many servers as there may be."))
        return _done(request, server, _("The server is kept. Fetch its services next."))

    return form.handle(save, server=None)


def edit(request: Request) -> ViewResult:
    """Change a server."""
    service = request.work.get(RemoteService)
    found = service.fetch(_id(request), lock=request.method == "POST")
    form = _form(
        request,
        {
            "name": found.name,
            "address": found.address,
            "jurisdiction": found.jurisdiction,
            "personal": found.personal,
            "pictures": found.pictures,
            "form": found.form,
            "tells": found.tells,
            "closes_with": found.closes_with or None,
            "no_key": False,
        },
    )
    if asked := request.ask_proof(form):
        return asked

    def save(values: Values) -> HTTPSeeOther:
        key = "" if values["no_key"] else str(values["api_key"]) or None
        service.change(found, _columns(request, values), key)
        return _done(request, found, _("The server is kept."))

    return form.handle(save, server=found)


def server(request: Request) -> dict[str, object]:
    """Show a server with its rules and deliveries."""
    service = request.work.get(RemoteService)
    found = service.fetch(_id(request))
    wanted = request.GET.get("show", "")
    wanted = wanted if wanted in STATES or wanted in CONFLICTS else ""
    return {
        **_shown(request, found),
        "page": service.deliveries(found, wanted, whole_number(request.GET.get("before")) or None),
        "wanted": wanted,
    }


def test(request: Request) -> HTTPSeeOther:
    """Ask a server for its services, and say what came of it."""
    return _ask(request, keeps=False)


def fetch_services(request: Request) -> HTTPSeeOther:
    """Fetch and store the services of a server."""
    return _ask(request, keeps=True)


def switch(request: Request) -> Response:
    """Switch a server on or off."""
    is_on, back = request.POST.get("active") == "true", request.route_path("reports.remote", id=_id(request))
    if is_on and (asked := request.ask_proof(back=back)):
        return asked
    service = request.work.get(RemoteService)
    found = service.fetch(_id(request), lock=True)
    service.switch(found, is_on)
    told = (
        _("The server is switched on.")
        if found.active
        else _("The server is switched off. What waits stays; nothing new is queued.")
    )
    return _done(request, found, told)


def deliver_all_again(request: Request) -> HTTPSeeOther:
    """Try all failed deliveries again."""
    service = request.work.get(RemoteService)
    found = service.fetch(_id(request), lock=True)
    number = service.deliver_again(found)
    if not number:
        return _done(request, found, _("Nothing has failed."), "warn")
    return _done(request, found, _("On their way again: ${number}", mapping={"number": number}))


def delete(request: Request) -> ViewResult:
    """Ask, then delete a server."""
    service = request.work.get(RemoteService)
    found = service.fetch(_id(request), lock=request.method == "POST")
    if request.method == "GET":
        return {"server": found, "summary": service.summaries([found])[found.id]}
    service.delete(found)
    request.session.flash(request.translate(_("The server was deleted.")), "good")
    return HTTPSeeOther(request.route_path("reports.remotes"))


# -- deliveries ---------------------------------------------------------------------------------------------


def deliver_again(request: Request) -> HTTPSeeOther:
    """Try a delivery again."""
    service, found, delivery = _delivery(request)
    if not service.deliver_again(found, delivery):
        return _done(request, found, _("It is on its way, or has arrived."), "warn")
    return _done(request, found, _("It is on its way again."))


def arrived(request: Request) -> HTTPSeeOther:
    """Store under which number an unclear delivery has arrived."""
    service, found, delivery = _delivery(request)
    form = BoundForm(request, ArrivedForm())
    try:
        number = form.validate(request.POST)["remote_id"]
        service.note_arrived(found, delivery, number)
    except (FormInvalid, Conflict):
        told = _("Write the number that the report has there; no other report may have it.")
        return _done(request, found, told, "bad")
    return _done(request, found, _("The number is kept. The status is fetched soon."))


# -- our updates --------------------------------------------------------------------------------------------


def updates(request: Request) -> dict[str, object]:
    """List our updates for a server."""
    found = request.work.get(RemoteService).fetch(_id(request))
    service = request.work.get(OwnUpdateService)
    wanted = request.GET.get("show", "")
    wanted = wanted if wanted in STATES else ""
    return {
        "server": found,
        "counts": service.counts(found),
        "page": service.page(found, wanted, whole_number(request.GET.get("before")) or None),
        "wanted": wanted,
        "states": STATES,
        "stages": STAGES,
    }


def send_updates_again(request: Request) -> HTTPSeeOther:
    """Have all failed updates sent again."""
    return _send_again(request, None)


def send_update_again(request: Request) -> HTTPSeeOther:
    """Have an update sent again."""
    return _send_again(request, int(request.matchdict["update"]))


def _send_again(request: Request, update_id: int | None) -> HTTPSeeOther:
    found = request.work.get(RemoteService).fetch(_id(request), lock=True)
    number = request.work.get(OwnUpdateService).send_again(found, update_id)
    if number:
        told, tone = _("On their way again: ${number}", mapping={"number": number}), "good"
    else:
        told, tone = _("Nothing to send: it is on its way, has arrived, or a later update was sent."), "warn"
    return _done(request, found, told, tone, route="reports.remote_updates")


# -- rules --------------------------------------------------------------------------------------------------


def new_rule(request: Request) -> ViewResult:
    """Add a rule."""
    return _rule_page(request, None)


def edit_rule(request: Request) -> ViewResult:
    """Change a rule and the attributes of its service."""
    return _rule_page(request, int(request.matchdict["rule"]))


def delete_rule(request: Request) -> HTTPSeeOther:
    """Delete a rule."""
    service = request.work.get(RemoteService)
    found = service.fetch(_id(request), lock=True)
    service.delete_rule(found, service.rule(found, int(request.matchdict["rule"])))
    return _done(request, found, _("The rule was deleted."))


def _rule_page(request: Request, rule_id: int | None) -> ViewResult:
    # A separate unit of work: the server is asked before the request's own one opens.
    with _reading(request) as work:
        service = work.get(RemoteService)
        found = service.fetch(_id(request))
        rule = service.rule(found, rule_id) if rule_id is not None else None
        address = _address(service, found)
        form = _rule_form(request, work, found, rule)
    if asked := request.ask_proof(form):
        return asked
    context: dict[str, object] = {
        "server": found,
        "rule": rule,
        "missing": RemoteService.missing(rule) if rule else [],
        "is_gone": bool(rule and RemoteService.gone(found, [rule])),
    }

    def save(values: Values) -> HTTPSeeOther:
        code = values["service"]
        definition = _definition(request, form, found, address, rule, code)
        service = request.work.get(RemoteService)
        kept = service.fetch(found.id, lock=True)
        present = service.rule(kept, rule_id) if rule_id is not None else None
        columns = {
            "category_id": int(values["category"]) if values["category"] else None,
            "unit_id": int(values["unit"]) if values["unit"] else None,
            "service_code": code,
            "definition": definition,
            "attributes": _attributes(rule, values),
        }
        try:
            saved = service.save_rule(kept, present, columns)
        except Conflict:
            form.refuse("category", _("There is a rule for this category and unit already."))
        told = _("The rule is kept.")
        if service.missing(saved) or (definition and (rule is None or rule.service_code != code)):
            request.session.flash(request.translate(told), "good")
            return HTTPSeeOther(request.route_path("reports.remote_rule", id=kept.id, rule=saved.id))
        return _done(request, kept, told)

    return form.handle(save, **context)


def _definition(
    request: Request,
    form: BoundForm,
    server: RemoteServer,
    address: RemoteAddress | None,
    rule: RemoteRule | None,
    code: str,
) -> list[Values]:
    """Return the attributes of a service as the server describes them now."""
    if not any(one["code"] == code and one["metadata"] for one in server.services):
        return []
    try:
        if address is None:
            raise LostKey
        with GeoReportClient(request.site, address) as client:
            return client.definition(code)
    except RemoteError as error:
        if rule is not None and rule.service_code == code:
            return rule.definition
        form.refuse("service", request.translate(error.reason))


def _rule_form(request: Request, work: Work, server: RemoteServer, rule: RemoteRule | None) -> BoundForm:
    """Return the form of a rule, with two fields for each attribute of its service."""
    schema = DeliveryRuleForm()
    organization = work.get(OrganizationService)
    asked = work.get(QuestionnaireService)
    below = organization.categories_of(KIND).subtree(rule.category_id) if rule and rule.category_id else ()
    questions = {one.key: one.label for category_id in sorted(below) for one in asked.questions(category_id)}
    initial: dict[str, object] = {}
    if rule is not None:
        initial = {
            "category": str(rule.category_id) if rule.category_id else None,
            "unit": str(rule.unit_id) if rule.unit_id else None,
            "service": rule.service_code,
        }
    for number, attribute in enumerate(rule.definition if rule else ()):
        _add_attribute(schema, number, attribute, questions)
        chosen = rule.attributes.get(str(attribute["code"]), {}) if rule else {}
        values = {key for key, _name in attribute["values"]}
        value = chosen.get("value") or None
        initial[f"q{number}"] = chosen.get("question") if chosen.get("question") in questions else None
        initial[f"v{number}"] = (value if value in values else None) if values else value or ""
    services = [Option(value=one["code"], label=one["name"]) for one in server.services]
    if rule is not None and rule.service_code not in {one.value for one in services}:
        services.append(Option(value=rule.service_code, label=rule.service_code))
    bindings = {
        "categories": _options(organization.categories_of(KIND).by_id, rule.category_id if rule else None),
        "units": _options(organization.units.by_id, rule.unit_id if rule else None),
        "services": services,
    }
    return BoundForm(request, schema, initial=initial, bindings=bindings)


def _add_attribute(
    schema: colander.SchemaNode, number: int, attribute: Values, questions: Mapping[str, str]
) -> None:
    title = str(attribute["title"])
    schema.add(
        Node(
            Choice([Option(value=key, label=label) for key, label in questions.items()]),
            name=f"q{number}",
            title=_("“${title}” from our question", mapping={"title": title}),
            missing=None,
            empty=_("No question"),
        )
    )
    told = _("“${title}” without an answer", mapping={"title": title})
    if attribute["values"]:
        options = [Option(value=key, label=name) for key, name in attribute["values"]]
        value = Node(Choice(options), name=f"v{number}", title=told, missing=None, empty=_("Nothing"))
    else:
        value = Node(CleanText(0, 500), name=f"v{number}", title=told, missing="")
    schema.add(value)


def _attributes(rule: RemoteRule | None, values: Values) -> dict[str, Values]:
    found = dict[str, Values]()
    for number, attribute in enumerate(rule.definition if rule else ()):
        chosen = {"question": values.get(f"q{number}") or "", "value": values.get(f"v{number}") or ""}
        if any(chosen.values()):
            found[str(attribute["code"])] = chosen
    return found


# -- parts --------------------------------------------------------------------------------------------------


def _id(request: Request) -> int:
    return int(request.matchdict["id"])


def _delivery(request: Request) -> tuple[RemoteService, RemoteServer, RemoteDelivery]:
    service = request.work.get(RemoteService)
    found = service.fetch(_id(request))
    delivery, _case = service.delivery(found, int(request.matchdict["delivery"]))
    return service, found, delivery


def _address(service: RemoteService, server: RemoteServer) -> RemoteAddress | None:
    """Return where a server is; None if its key is lost, which its page shows all the same."""
    try:
        return service.address_of(server)
    except LostKey:
        return None


def _reading(request: Request) -> AbstractContextManager[Work]:
    return request.site.work(actor=request.identity, write=False, locale=request.locale_name)


def _ask(request: Request, *, keeps: bool) -> HTTPSeeOther:
    with _reading(request) as work:
        found = work.get(RemoteService).fetch(_id(request))
        address = _address(work.get(RemoteService), found)
    try:
        if address is None:
            raise LostKey
        with GeoReportClient(request.site, address) as client:
            services = client.services()
    except RemoteError as error:
        return _done(request, found, request.translate(error.reason), "bad")
    if not services:
        return _done(request, found, _("The server answers, but lists no services."), "warn")
    told = _("The server answers. Services: ${number}", mapping={"number": len(services)})
    if keeps:
        service = request.work.get(RemoteService)
        service.keep_services(service.fetch(found.id, lock=True), services)
    return _done(request, found, told)


def _done(
    request: Request,
    found: RemoteServer,
    told: TranslationString | str,
    tone: str = "good",
    route: str = "reports.remote",
) -> HTTPSeeOther:
    request.session.flash(request.translate(told), tone)
    return HTTPSeeOther(request.route_path(route, id=found.id))


def _shown(request: Request, found: RemoteServer) -> dict[str, object]:
    service = request.work.get(RemoteService)
    rules = service.rules(found.id)
    steps = {step.name: step.title for step in kind_of(request.site, KIND).workflow.transitions}
    names = {one["code"]: one["name"] for one in found.services}
    return {
        "server": found,
        "summary": service.summaries([found])[found.id],
        "rules": [
            (rule, names.get(rule.service_code, rule.service_code), service.missing(rule)) for rule in rules
        ],
        "organization": request.work.get(OrganizationService),
        "states": STATES,
        "stages": STAGES,
        "conflicts": CONFLICTS,
        "conflict_of": conflict_of,
        "pictures": PICTURES,
        "closing": steps.get(found.closes_with),
        "updates": request.work.get(OwnUpdateService).counts(found),
    }


def _form(request: Request, initial: Values) -> BoundForm:
    workflow = kind_of(request.site, KIND).workflow
    open_states = {state.name for state in workflow.states if state.is_open}
    steps = [
        Option(value=step.name, label=request.translate(step.title))
        for step in workflow.transitions
        if "system" in step.actors and step.target not in open_states and open_states <= set(step.sources)
    ]
    bindings = {
        "transitions": steps,
        "check_address": partial(DeliveryQueue.Client.checked, request.site),
    }
    return BoundForm(request, RemoteServerForm(), initial=initial, bindings=bindings)


def _columns(request: Request, values: Values) -> Values:
    return {
        "name": values["name"],
        "address": DeliveryQueue.Client.checked(request.site, values["address"]).rstrip("/"),
        "jurisdiction": values["jurisdiction"],
        "personal": values["personal"],
        "pictures": values["pictures"],
        "form": values["form"],
        "tells": values["tells"],
        "closes_with": values["closes_with"] or "",
    }


def _options(rows: Mapping[int, Category] | Mapping[int, Unit], keep: int | None) -> list[Option]:
    """Return the rows of a tree as choices, children below their parent.

    :param keep: id of one that may be chosen though it is closed.
    """
    found = list[Option]()

    def add(parent_id: int | None, depth: int) -> None:
        for row in rows.values():
            if row.parent_id == parent_id and (row.active or row.id == keep):
                found.append(Option(value=str(row.id), label=INDENT * depth + row.name))
                add(row.id, depth + 1)

    add(None, 0)
    return found
