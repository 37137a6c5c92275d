"""Every hook, implemented by plugins that are installed for one test: who is asked, in which order, and what holds."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from click.testing import CliRunner
from kinds import PERMITS
from sqlalchemy import MetaData, Table, inspect, select, text
from translationstring import TranslationString

from civicportal.api.cases import CaseEvent, CaseService, State
from civicportal.api.kartable import RoutingTarget
from civicportal.api.notifications import MessageText, Receipt, Reply
from civicportal.api.people import IdentityClaim, IdentityVerdict, Permission
from civicportal.api.plugins import Finding, Job, PluginModels, hookimpl
from civicportal.api.settings import SettingsSchema, setting
from civicportal.api.web import DashboardWidget, NavigationItem, PagePermission, Panel
from civicportal.cli import main
from civicportal.core.migration import state as migrate_state
from civicportal.core.work import MOST_CHANGES
from civicportal.domain.audit.titles import titles_of
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Case
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.notifications.delivery import deliver_once
from civicportal.domain.notifications.models import InboundMessage
from civicportal.domain.webhooks.events import schema_of
from civicportal.domain.webhooks.models import WebhookDelivery
from civicportal.domain.webhooks.services import WebhookService
from civicportal.portal import upgrade as migrate
from civicportal.portal.demo import runner
from civicportal.portal.worker.jobs import JobRunner
from civicportal.testing import (
    NOON,
    identity,
    make_case,
    make_category,
    make_citizen,
    make_staff,
    make_unit,
    memory,
    outbox,
)
from civicportal.util.countries import GenericCountry
from civicportal.util.errors import ConfigurationError
from civicportal.util.i18n import _
from civicportal.util.persian import latin_digits


def implementation(name, function):
    """A function as the implementation of a hook."""
    function.__name__ = name
    return hookimpl(function)


# -- at the start ---------------------------------------------------------------------------------------------


class GadgetSettings(SettingsSchema):
    metres = setting(float, 50)
    years = setting(float, 3)


def test_hook_register_settings_gives_the_plugins_table_its_schema(install, assemble):
    install.plugin("gadget", implementation("register_settings", lambda: GadgetSettings()))
    site = assemble("gadget", plugins={"gadget": {"metres": 70}})
    assert site.plugin_settings == {"gadget": {"metres": 70, "years": 3}}


REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("gadget_parts", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade():
    op.drop_table("gadget_parts")
"""


def test_hook_register_models_brings_tables_with_a_version_table_of_their_own(
    install, assemble, empty_database
):
    metadata = MetaData()
    Table("gadget_parts", metadata)
    files = {"migrations/versions/0001_initial.py": REVISION}
    folder = []

    @hookimpl
    def register_models():
        return PluginModels(prefix="gadget", metadata=metadata, migrations=folder[0])

    module = install.plugin("gadget", register_models, files=files)
    folder.append(install.folder_of(module) / "migrations")
    site = assemble("gadget", site={"database_url": empty_database})
    migrate.upgrade(site)
    tables = set(inspect(site.engines.read).get_table_names())
    assert {"gadget_parts", "alembic_version_gadget", "alembic_version_civicportal"} <= tables
    assert [state.name for state in migrate_state.pending(site)] == []


def test_hook_register_case_kinds_brings_a_kind_with_its_rights(install, assemble):
    install.plugin("gadget", implementation("register_case_kinds", lambda site: [PERMITS]))
    site = assemble("gadget")
    assert kind_of(site, "permits") is PERMITS
    assert {"permits:case:view", "permits:case:work"} <= set(site.permissions)


def test_hook_register_case_kinds_refuses_a_workflow_that_cannot_work(install, assemble):
    stuck = replace(PERMITS, workflow=replace(PERMITS.workflow, transitions=()))
    install.plugin("gadget", implementation("register_case_kinds", lambda: [stuck]))
    with pytest.raises(ConfigurationError, match=r"'permits': the open state 'asked' has no way out"):
        assemble("gadget")


def retitle(word):
    """An implementation that adds a word to the title of permits."""
    return implementation(
        "adapt_case_kind",
        lambda kind: replace(kind, icon=f"{kind.icon} {word}") if kind.name == "permits" else None,
    )


def test_hook_adapt_case_kind_asks_plugins_in_their_order_and_the_site_last(install, assemble):
    kinds = implementation("register_case_kinds", lambda: [replace(PERMITS, icon="made")])
    install.plugin("gadget", kinds, retitle("gadget"))
    install.plugin("widget", retitle("widget"))
    install.package("city", retitle("city"))
    site = assemble("widget", "gadget", package="city")
    assert kind_of(site, "permits").icon == "made widget gadget city"


def test_hook_adapt_case_kind_is_checked_as_if_it_were_new(install, assemble):
    install.plugin("gadget", implementation("register_case_kinds", lambda: [PERMITS]))

    @hookimpl
    def adapt_case_kind(kind):
        lost = State(name="lost", title=_("Lost"), stage="in_progress")
        return replace(kind, workflow=replace(kind.workflow, states=(*kind.workflow.states, lost)))

    install.package("city", adapt_case_kind)
    with pytest.raises(ConfigurationError, match="nothing leads to 'lost'"):
        assemble("gadget", package="city")


def test_hook_register_permissions_makes_rights_that_roles_may_hold(install, assemble_migrated):
    permission = Permission(name="gadget:knob:turn", title=_("Turn the knob"))
    install.plugin("gadget", implementation("register_permissions", lambda: [permission]))
    site = assemble_migrated("gadget")
    assert site.permissions["gadget:knob:turn"] is permission
    with site.work() as work:
        make_unit(work, "pr")
        turner = identity(work, make_staff(work, "turner", permissions=["gadget:knob:turn"]))
        administrator = identity(work, make_staff(work, "administrator"))
        other = identity(work, make_staff(work, "other", permissions=["petitions:case:view"]))
    granted = [person.permits("gadget:knob:turn") for person in (turner, administrator, other)]
    assert granted == [True, True, False]


def test_hook_register_audit_actions_names_what_the_trail_shows(install, assemble_migrated):
    install.plugin(
        "gadget", implementation("register_audit_actions", lambda: {"gadget:turn": _("Turned the knob")})
    )
    titles = titles_of(assemble_migrated("gadget"))
    assert titles["gadget:turn"] == "Turned the knob"
    assert titles["login:staff"] == "Signed in as staff"


def test_hook_register_events_offers_what_a_plugin_publishes(install, assemble_migrated):
    turned = {"gadget.turned": (_("The knob was turned"), {"angle": {"type": "integer"}})}
    install.plugin("gadget", implementation("register_events", lambda: turned))
    site = assemble_migrated("gadget")
    columns = {"address": "https://gis.example.org/", "events": ["gadget.turned"]}
    with site.work() as work:
        work.get(WebhookService).add({**columns, "category_id": None, "unit_id": None})
    with site.work() as work:
        work.publish("gadget.turned", subject="/gadget", data={"angle": 90})
        with pytest.raises(ValueError, match=r"gadget\.broke"):
            work.publish("gadget.broke", subject="/gadget", data={})
    with site.work(write=False) as work:
        body = json.loads(work.session.scalars(select(WebhookDelivery.body)).one())
    assert (body["type"], body["data"]) == ("org.civicportal.gadget.turned", {"angle": 90})
    assert schema_of(site, "gadget.turned")["required"] == ["angle"]
    install.plugin("widget", implementation("register_events", lambda: turned))
    with pytest.raises(ConfigurationError, match=r"'widget', the event 'gadget\.turned'"):
        assemble_migrated("widget")


class Atlantis(GenericCountry):
    code = "atlantis"
    mobile_example = "5 000"


def test_hook_register_countries_brings_one_that_a_site_chooses(install, assemble):
    install.plugin("gadget", implementation("register_countries", lambda: [Atlantis()]))
    assert assemble("gadget", site={"country": "atlantis"}).country.mobile_example == "5 000"
    with pytest.raises(ConfigurationError, match="'lemuria' is none of atlantis, generic, ir"):
        assemble("gadget", site={"country": "lemuria"})


def test_hook_register_messages_brings_a_text_that_is_sent(install, assemble_migrated):
    notice = MessageText(key="permits.asked", title=_("Asked"), text=_("Permit {TRACK} came in."))
    install.plugin(
        "gadget",
        implementation("register_case_kinds", lambda: [PERMITS]),
        implementation("register_messages", lambda site: [notice]),
    )
    site = assemble_migrated("gadget")
    with site.work() as work:
        code = make_case(work, kind="permits").code
        assert [message.text for message in outbox(work)] == [f"Permit {code} came in."]


def test_hook_includeme_adds_a_page_from_the_plugins_own_templates(install, assemble, browse):
    @hookimpl
    def includeme(config):
        config.add_route("gadget.knob", "/gadget/knob")
        config.add_view(
            lambda request: {"knob": request.site.name},
            route_name="gadget.knob",
            renderer="templates/gadget/knob.jinja2",
            permission=PagePermission.EVERYBODY,
        )

    install.plugin("gadget", includeme, files={"templates/gadget/knob.jinja2": "<b>{{ knob }}</b>"})
    page = browse(assemble("gadget")).get("/gadget/knob", status=200)
    assert page.text == "<b>شهر نمونه</b>"


def test_hook_includeme_of_the_site_comes_last_and_replaces_a_view(install, assemble, browse):
    def page(word):
        return lambda request: word

    def add_view(config, word):
        config.add_view(
            page(word), route_name="gadget.knob", renderer="string", permission=PagePermission.EVERYBODY
        )

    def of_plugin(config):
        config.add_route("gadget.knob", "/gadget/knob")
        add_view(config, "plugin")

    install.plugin("gadget", implementation("includeme", of_plugin))
    install.package("city", implementation("includeme", lambda config: add_view(config, "city")))
    assert browse(assemble("gadget", package="city")).get("/gadget/knob").text == "city"
    assert browse(assemble("gadget")).get("/gadget/knob").text == "plugin"


def test_hook_register_jobs_are_run_by_the_worker(install, assemble_migrated, clock):
    runs = []
    job = Job(name="gadget.oil", every=timedelta(minutes=5), run=lambda site: runs.append(site.clock.now()))
    install.plugin("gadget", implementation("register_jobs", lambda site: [job]))
    jobs = JobRunner(assemble_migrated("gadget"))
    assert "gadget.oil" in jobs.run_due()
    assert "gadget.oil" not in jobs.run_due()
    clock.advance(minutes=5)
    assert "gadget.oil" in jobs.run_due()
    assert runs == [NOON, NOON + timedelta(minutes=5)]


def test_hook_check_site_reports_what_is_wrong(install, assemble_migrated):
    finding = Finding(level="error", place="plugins.gadget", text="the knob is loose", remedy="fasten it")
    install.plugin("gadget", implementation("check_site", lambda work: [finding]))
    checked = CliRunner().invoke(main, ["--site", str(assemble_migrated("gadget").path), "check"])
    assert checked.exit_code == 1
    assert "error    plugins.gadget: the knob is loose\n         → fasten it\n" in checked.output


def test_hook_load_demo_fills_the_database_in_the_order_of_the_site(install, assemble_migrated):
    reports = []

    def load(site, files, progress):
        with site.work() as work:
            subject = f"{files.name} {len(reports)}"
            make_case(work, subject=subject)
        progress(1, 2)
        progress(2, 2)

    install.plugin("gadget", implementation("load_demo", load))
    install.plugin("widget", implementation("load_demo", lambda files, progress: progress(1, 1)))
    site = assemble_migrated("widget", "gadget", site={"mode": "demo"})
    (site.data / "demo").mkdir()
    people = '[[citizens]]\nfirst_name = "لیلا"\nlast_name = "نمونه"\nmobile = "0900000000{}"\n'
    (site.data / "demo/citizens.toml").write_text(people.format(1) + people.format(2), encoding="utf-8")
    runner.load(site, lambda *report: reports.append(report))
    assert reports == [("people", 2, 2), ("widget", 1, 1), ("gadget", 1, 2), ("gadget", 2, 2)]
    with site.work(write=False) as work:
        assert work.session.scalars(select(Case.subject)).all() == ["demo 2"]


def test_a_demo_that_was_interrupted_is_begun_and_not_loaded(install, assemble_migrated):
    def fail(site, files, progress):
        raise KeyboardInterrupt

    install.plugin("gadget", implementation("load_demo", fail))
    site = assemble_migrated("gadget", site={"mode": "demo"})
    assert not runner.is_begun(site)
    with pytest.raises(KeyboardInterrupt):
        runner.load(site, lambda *report: None)
    assert (runner.is_begun(site), runner.is_loaded(site)) == (True, False)


# -- in a transaction -----------------------------------------------------------------------------------------


def sends_to(unit):
    """An implementation of ``route_case``."""
    return implementation("route_case", lambda case: RoutingTarget(unit=unit) if unit else None)


@pytest.mark.parametrize(
    ("gadget", "widget", "city", "unit"),
    [
        ("waste", "lighting", None, "waste"),
        (None, "lighting", None, "lighting"),
        ("waste", "lighting", "services", "services"),
        (None, None, None, "pr"),
        ("nowhere", None, None, "pr"),
    ],
)
def test_hook_route_case_takes_the_first_answer_the_sites_before_the_plugins(
    install, assemble_migrated, gadget, widget, city, unit
):
    install.plugin("gadget", sends_to(gadget))
    install.plugin("widget", sends_to(widget))
    install.package("city", sends_to(city))
    site = assemble_migrated("gadget", "widget", package="city")
    with site.work() as work:
        units = {key: make_unit(work, key).id for key in ("waste", "lighting", "services", "pr")}
        assert make_case(work).unit_id == units[unit]


def test_hook_route_case_comes_after_the_rules_of_the_site_and_before_the_category(
    install, assemble_migrated
):
    install.plugin("gadget", sends_to("lighting"))
    site = assemble_migrated("gadget")
    with site.work() as work:
        waste = make_unit(work, "waste")
        units = {key: make_unit(work, key).id for key in ("lighting", "services")}
        ruled, free = make_category(work, "ruled"), make_category(work, "free", unit=waste)
        rule = {"category_id": ruled.id, "unit_id": units["services"], "position": 0, "facts": {}}
        work.session.add(RoutingRule(key="ruled", title="", **rule))
        cases = [make_case(work, category=category) for category in (ruled, free)]
        assert [case.unit_id for case in cases] == [units["services"], units["lighting"]]


def test_hook_route_case_that_names_no_unit_leaves_the_case_to_the_category(
    install, assemble_migrated, caplog
):
    install.plugin("gadget", sends_to("wsate"))
    site = assemble_migrated("gadget")
    with site.work() as work:
        waste = make_unit(work, "waste")
        assert make_case(work, category=make_category(work, "bin", unit=waste)).unit_id == waste.id
    assert "'wsate'" in caplog.text


def hears(name, heard):
    """An implementation of ``case_changed`` that notes what it was told, and what others had done by then."""

    def case_changed(change, work):
        heard.append((name, change.type, change.case.unit_id is not None, len(outbox(work))))

    return hookimpl(case_changed)


def test_hook_case_changed_core_first_then_site_then_plugins_then_notices(install, assemble_migrated):
    heard = []
    install.plugin("gadget", hears("gadget", heard))
    install.plugin("widget", hears("widget", heard))
    install.package("city", hears("city", heard))
    site = assemble_migrated("widget", "gadget", package="city")
    with site.work() as work:
        make_case(work)
        assert len(outbox(work)) == 1
    # Routed before anybody hears of it, told to the citizen after everybody has.
    assert heard == [(name, "opened", True, 0) for name in ("city", "widget", "gadget")]


def officer(site):
    """An officer of the unit that every case goes to."""
    with site.work() as work:
        return identity(work, make_staff(work, unit=make_unit(work, "pr")))


def test_hook_case_changed_queues_what_an_implementation_changes(install, assemble_migrated):
    heard = []

    def accept(change, work):
        if change.type == "opened":
            work.get(CaseService).apply(change.case, "accept")
            heard.append(("gadget", "accepted", True, len(outbox(work))))

    install.plugin("gadget", implementation("case_changed", accept))
    install.plugin("widget", hears("widget", heard))
    site = assemble_migrated("gadget", "widget")
    with site.work(actor=officer(site)) as work:
        make_case(work)
        kinds = [message.kind for message in outbox(work)]
        types = work.session.scalars(select(CaseEvent.type).order_by(CaseEvent.id)).all()
    assert types == ["opened", "transition"]
    assert kinds == ["petitions.registered", "petitions.working"]
    assert heard == [
        ("gadget", "accepted", True, 0),
        ("widget", "opened", True, 0),
        ("widget", "transition", True, 1),
    ]


def test_hook_case_changed_refuses_changes_without_end(install, assemble_migrated):
    def ping_pong(change, work):
        step = {"registered": "accept", "working": "pause", "waiting": "resume"}[change.case.status]
        work.get(CaseService).apply(change.case, step)

    install.plugin("gadget", implementation("case_changed", ping_pong))
    site = assemble_migrated("gadget")
    with (
        pytest.raises(RuntimeError, match=f"more than {MOST_CHANGES} changes of cases follow from one"),
        site.work(actor=officer(site)) as work,
    ):
        make_case(work)
    with site.work(write=False) as work:
        assert work.session.scalars(select(Case)).all() == []


def test_hook_case_changed_rolls_everything_back_when_it_raises(install, assemble_migrated):
    def explode(change):
        raise ZeroDivisionError

    install.plugin("gadget", implementation("case_changed", explode))
    site = assemble_migrated("gadget")
    with pytest.raises(ZeroDivisionError), site.work() as work:
        make_case(work)
    with site.work(write=False) as work:
        assert work.session.scalars(select(Case)).all() == []
        assert outbox(work) == []


def answers(name, text_of, asked):
    """An implementation of ``message_received`` that answers one text."""

    def message_received(message, work):
        asked.append(name)
        return Reply(kind=f"{name}.reply", fields={}) if message.text == text_of else None

    return hookimpl(message_received)


@pytest.mark.parametrize(
    ("words", "kind", "asked"),
    [
        ("city", "city.reply", ["city"]),
        ("gadget", "gadget.reply", ["city", "gadget"]),
        ("code", "petitions.status", ["city", "gadget", "widget"]),
    ],
)
def test_hook_message_received_takes_the_first_answer_the_cores_last(
    install, assemble_migrated, words, kind, asked
):
    heard = []
    install.plugin("gadget", answers("gadget", "gadget", heard))
    install.plugin("widget", answers("widget", "widget", heard))
    install.package("city", answers("city", "city", heard))
    site = assemble_migrated("gadget", "widget", package="city")
    with site.work() as work:
        case = make_case(work)
        message = InboundMessage(
            provider_id="1",
            sender="+989000000001",
            text=case.code if words == "code" else words,
            received_at=NOON,
        )
        assert site.hooks.hook.message_received(message=message, work=work).kind == kind
    assert heard == asked


# -- outside any transaction ----------------------------------------------------------------------------------


def test_hook_verify_identity_takes_the_first_verdict_the_sites_before_the_plugins(install, assemble):
    def says(outcome):
        return implementation(
            "verify_identity",
            lambda claim, site: IdentityVerdict(outcome=outcome, checked_at=site.clock.now()),
        )

    install.plugin("gadget", implementation("verify_identity", lambda: None))
    install.plugin("widget", says("mismatched"))
    install.package("city", says("matched"))
    claim = IdentityClaim(mobile="+989000000001", national_code="0000000000", birth_date=date(1990, 1, 1))

    def outcome(*plugins, package=""):
        site = assemble(*plugins, package=package)
        verdict = site.hooks.hook.verify_identity(claim=claim, site=site)
        return verdict and verdict.outcome

    assert outcome("gadget") is None
    assert outcome("gadget", "widget") == "mismatched"
    assert outcome("gadget", "widget", package="city") == "matched"


@pytest.mark.parametrize("named", ["widget", "memory", "nobody"])
def test_hook_send_message_asks_only_the_transport_that_the_site_names(install, assemble_migrated, named):
    sent = []

    def sends(name):
        def send_message(message, site):
            sent.append((name, message.recipient))
            return Receipt(provider_id=name)

        return hookimpl(send_message)

    install.plugin("gadget", sends("gadget"))
    install.plugin("widget", sends("widget"))
    install.package("city", sends("city"))
    site = assemble_migrated("gadget", "widget", package="city", notifications={"transport": named})
    with site.work() as work:
        make_case(work)
        outbox(work)[0].next_at = NOON
    assert deliver_once(site, "notices")
    sent += [("memory", message.recipient) for message in memory(site).sent]
    assert sent == ([] if named == "nobody" else [(named, "+989000000001")])
    with site.work(write=False) as work:
        assert outbox(work)[0].state == ("new" if named == "nobody" else "sent")


# -- for display ----------------------------------------------------------------------------------------------


def fails(name):
    """An implementation of a display hook whose statement no database understands."""

    def read(request):
        request.display_work.session.execute(text("SELECT nonsense FROM nowhere"))

    return implementation(name, read)


def order_of(page, *words):
    """The words in the order in which a page shows them."""
    return sorted((word for word in words if word in page), key=page.index)


def links(*weights):
    """An implementation of ``navigation_items``: links of citizens and staff named by their weight."""

    def item(weight, area):
        title = TranslationString(f"{area}-{weight}")
        return NavigationItem(
            name=f"link{weight}", title=title, route="home", icon="star", area=area, weight=weight
        )

    return implementation(
        "navigation_items",
        lambda request: [item(weight, area) for weight in weights for area in ("citizen", "staff")],
    )


@pytest.mark.parametrize(("realm", "path"), [("citizen", "/"), ("staff", "/desk")])
def test_hook_navigation_items_are_sorted_by_weight_and_fail_alone(
    install, assemble_migrated, browse, realm, path
):
    install.plugin("broken", fails("navigation_items"))
    install.plugin("gadget", links(1, 300))
    install.package("city", links(200))
    site = assemble_migrated("broken", "gadget", package="city")
    with site.work() as work:
        user = make_staff(work, unit=make_unit(work, "pr")) if realm == "staff" else make_citizen(work)
    # Numbers within a text are shown in the digits of the language.
    page = latin_digits(browse(site, user, realm).get(path, status=200).text)
    words = [f"{realm}-{weight}" for weight in (1, 200, 300)]
    assert order_of(page, *words) == words[::-1]
    assert "citizen-1" not in page or realm == "citizen"


def widget(name, area, weight):
    """A card with a title of its own."""
    context = {"title": name, "text": "", "url": "/", "icon": "star", "tone": "b"}
    template = "civicportal:templates/dashboard/card.jinja2"
    return DashboardWidget(name=name, area=area, template=template, context=context, weight=weight)


def shows(*widgets):
    """An implementation of ``dashboard_widgets``."""
    return implementation("dashboard_widgets", lambda request: widgets)


def test_hook_dashboard_widgets_are_sorted_by_weight_across_plugins(install, assemble_migrated, browse):
    install.plugin("gadget", shows(widget("LIGHT", "card", 1), widget("HEAVY", "card", 9)))
    install.package("city", shows(widget("MIDDLE", "card", 5), widget("ALSO", "card", 5)))
    page = browse(assemble_migrated("gadget", package="city")).get("/", status=200).text
    assert order_of(page, "LIGHT", "MIDDLE", "HEAVY", "ALSO") == ["HEAVY", "ALSO", "MIDDLE", "LIGHT"]


@pytest.mark.parametrize("how", ["hook", "template"])
def test_hook_dashboard_widgets_a_failure_costs_its_own_card_only(install, assemble_migrated, browse, how):
    without_context = replace(widget("BROKEN", "card", 50), context={})
    failing = fails("dashboard_widgets") if how == "hook" else shows(without_context)
    install.plugin("broken", failing)
    install.plugin("gadget", shows(widget("WHOLE", "card", 1)))
    page = browse(assemble_migrated("broken", "gadget")).get("/", status=200).text
    assert "WHOLE" in page
    assert "BROKEN" not in page


@pytest.mark.parametrize(("realm", "areas"), [("citizen", ["citizen"]), ("staff", ["facts", "aside"])])
def test_hook_case_panels_show_on_the_page_of_their_area_and_fail_alone(
    install, assemble_migrated, browse, realm, areas
):
    files = {"templates/gadget/panel.jinja2": "<p>{{ word }}</p>"}

    def case_panels(case, request):
        return [
            Panel(
                name=area,
                area=area,
                template="gadget_package:templates/gadget/panel.jinja2",
                context={"word": f"{area.upper()} OF {case.code}"},
            )
            for area in ("facts", "aside", "citizen")
        ]

    install.plugin("gadget", hookimpl(case_panels), files=files)
    install.plugin("broken", fails("case_panels"))
    site = assemble_migrated("broken", "gadget")
    with site.work() as work:
        people = {"citizen": make_citizen(work), "staff": make_staff(work, unit=make_unit(work, "pr"))}
        code = make_case(work, citizen=people["citizen"]).code
    folder = {"citizen": "/my", "staff": "/kartable/cases"}[realm]
    page = browse(site, people[realm], realm).get(f"{folder}/{code}", status=200).text
    shown = [area for area in ("facts", "aside", "citizen") if f"{area.upper()} OF {code}" in page]
    assert shown == areas
