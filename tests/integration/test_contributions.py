"""What plugins register wrongly stops the start: the error names the plugin, the place and what to do."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import MetaData, Table

from civicportal.api.forms import CleanText, Node, StrictSchema
from civicportal.api.notifications import MessageText
from civicportal.api.people import Permission, User
from civicportal.api.plugins import Job, PluginModels, hookimpl
from civicportal.api.web import DashboardWidget, PagePermission
from civicportal.app import create_app
from civicportal.core.jobs import registered
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.workflow import RESERVED_FIELDS
from civicportal.domain.kartable.views.forms import OWN
from civicportal.testing import PETITIONS, make_case, make_unit
from civicportal.util.errors import ConfigurationError
from civicportal.util.i18n import _
from civicportal.web.items import NavigationItem, Panel

KNOBS = replace(PETITIONS, name="knobs", permission_prefix="", facts=None, known_facts=None)


def returns(hook, *values):
    def answer():
        return values

    answer.__name__ = hook
    return hookimpl(answer)


def with_step(**values):
    first, *others = KNOBS.workflow.transitions
    workflow = replace(KNOBS.workflow, transitions=(replace(first, **values), *others))
    return replace(KNOBS, workflow=workflow)


class Noticed(StrictSchema):
    """A form with a field whose name the portal uses itself."""

    notice = Node(CleanText(0, 10), missing="")
    version = Node(CleanText(0, 10), missing="")


def text(key="knobs.working", words="{TRACK}", fields=("TRACK",)):
    return MessageText(key=key, title=_("Knob"), text=_(words), fields=fields)


@pytest.mark.parametrize(
    ("hook", "item", "sentence"),
    [
        (
            "register_case_kinds",
            replace(KNOBS, icon="knob"),
            "the kind of cases 'knobs': there is no icon 'knob': choose one from docs/reference/icons.md",
        ),
        (
            "register_case_kinds",
            with_step(permission="knobs:turn"),
            "the kind of cases 'knobs': the step 'accept' asks for the right 'knobs:turn', which no plugin registers: return it"
            " from register_permissions, or correct the name",
        ),
        (
            "register_case_kinds",
            with_step(schema=Noticed),
            "the kind of cases 'knobs': the step 'accept' has a form field 'notice', a name that the portal uses itself: rename"
            " the field",
        ),
        (
            "register_messages",
            text(words="{TRAK} and {track}"),
            "the message text 'knobs.working': {TRAK}, {track} would be sent in braces, its placeholders are {HOST}, {PHONE},"
            " {SITE}, {TRACK}: correct the text, or add it to MessageText.fields",
        ),
        (
            "register_messages",
            text(words="{SITE}", fields=("Track",)),
            "the message text 'knobs.working': the placeholders Track are not written in capital letters: rename them",
        ),
    ],
)
def test_a_mistake_is_told_with_plugin_place_and_remedy(install, assemble, hook, item, sentence):
    install.plugin("gadget", returns(hook, item))
    with pytest.raises(ConfigurationError) as refusal:
        create_app(assemble("gadget"))
    assert f"plugin 'gadget', {sentence}" in str(refusal.value).splitlines()


def test_a_placeholder_that_no_one_fills_in_is_found(install, assemble):
    install.plugin(
        "gadget",
        returns("register_case_kinds", KNOBS),
        returns("register_messages", text(words="{ROOM}", fields=("TRACK", "ROOM"))),
    )
    with pytest.raises(
        ConfigurationError, match=r"'knobs\.working' lists \{ROOM\}.*CaseKind\.message_fields"
    ):
        create_app(assemble("gadget"))


def test_the_rights_of_a_kind_begin_with_its_name(install, assemble):
    install.plugin("gadget", returns("register_case_kinds", replace(KNOBS, permission_prefix="knob")))
    with pytest.raises(ConfigurationError, match="'knobs': permission_prefix is 'knob': leave it out"):
        assemble("gadget")


def test_a_kind_with_placeholders_of_its_own_and_a_registered_right_starts(install, assemble):
    kind = replace(with_step(permission="knobs:turn"), message_fields=lambda case, work: {"ROOM": "1"})
    install.plugin(
        "gadget",
        returns("register_case_kinds", kind),
        returns("register_permissions", Permission(name="knobs:turn", title=_("Turn"), scope="case")),
        returns("register_messages", text(words="{ROOM}", fields=("TRACK", "ROOM"))),
    )
    site = assemble("gadget")
    create_app(site)
    assert kinds_of(site)["knobs"].permission_prefix == "knobs:case"


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("charity", {}, "plugin 'gadget', the job 'charity': its name must begin with gadget."),
        ("gadget.oil", {"lane": "charity"}, "lane: 'charity' is none of messages, usual, long: correct it"),
    ],
)
def test_a_job_is_named_for_its_plugin_and_has_a_known_lane(install, assemble, name, values, sentence):
    job = Job(name=name, every=timedelta(hours=1), run=lambda site: None, **values)
    install.plugin("gadget", returns("register_jobs", job))
    with pytest.raises(ConfigurationError, match="plugin 'gadget', the job") as refusal:
        registered(assemble("gadget"))
    assert sentence in str(refusal.value)


@pytest.mark.parametrize("field", ["register_route", "made_from_case"])
def test_a_kind_names_a_route_that_exists(install, assemble, field):
    install.plugin("gadget", returns("register_case_kinds", replace(KNOBS, **{field: "gadget.nowhere"})))
    with pytest.raises(
        ConfigurationError, match=f"plugin 'gadget'.*{field} names the route 'gadget.nowhere'"
    ):
        create_app(assemble("gadget"))


@pytest.mark.parametrize("template", ["gadget_package:templates/pge.jinja2", "templates/pge.jinja2"])
def test_a_page_without_its_template_is_found(install, assemble, template):
    def includeme(config):
        config.add_route("gadget.page", "/gadget")
        config.add_view(
            lambda request: {},
            route_name="gadget.page",
            renderer=template,
            permission=PagePermission.EVERYBODY,
        )

    install.plugin("gadget", hookimpl(includeme))
    with pytest.raises(
        ConfigurationError, match=rf"'gadget', the route 'gadget\.page': there is no template '{template}'"
    ):
        create_app(assemble("gadget"))


def test_a_prefix_of_tables_that_covers_those_of_another_plugin_stops_the_start(install, assemble, tmp_path):
    def has_table(name, prefix):
        def register_models():
            metadata = MetaData()
            Table(name, metadata)
            return PluginModels(prefix=prefix, metadata=metadata, migrations=tmp_path)

        return hookimpl(register_models)

    install.plugin("gadget", has_table("gadget_parts", "gadget"))
    install.plugin("gadget_two", has_table("gadget_two_bolts", "gadget_two"))
    with pytest.raises(
        ConfigurationError, match=r"plugin 'gadget': the prefix gadget_ covers.*choose another prefix"
    ):
        create_app(assemble("gadget", "gadget_two"))


@pytest.mark.parametrize(
    ("piece", "values"),
    [
        (DashboardWidget, {"area": "sidebar", "template": "x"}),
        (Panel, {"area": "sidebar", "template": "x"}),
        (NavigationItem, {"area": "sidebar", "title": _("x"), "route": "x", "icon": "x"}),
    ],
)
def test_a_piece_for_an_area_that_no_page_shows_is_refused(piece, values):
    with pytest.raises(ValueError, match="'sidebar' is none of"):
        piece(name="gadget.piece", **values)


@pytest.mark.parametrize(
    ("template", "context", "told"),
    [
        (
            "civicportal:templates/dashboard/crd.jinja2",
            {},
            "there is no template 'civicportal:templates/dashboard/crd.jinja2'",
        ),
        (
            "civicportal:templates/dashboard/card.jinja2",
            {"title": "x", "text": "x", "url": "/", "icon": "knob", "tone": "b"},
            "there is no icon 'knob'",
        ),
    ],
)
def test_the_kit_fails_a_page_that_goes_on_without_a_piece(site, app, monkeypatch, template, context, told):
    widget = DashboardWidget(name="gadget.card", area="card", template=template, context=context)

    def in_order(hooks, hook):
        return [("gadget", lambda request: [widget])] if hook == "dashboard_widgets" else []

    monkeypatch.setattr("civicportal.web.display.in_order", in_order)
    with pytest.raises(pytest.fail.Exception, match=told):
        app.get("/")


def test_all_hidden_fields_of_a_step_are_reserved():
    assert set(OWN) <= RESERVED_FIELDS


@pytest.mark.parametrize("area", ["aside", "citizen"])
def test_the_template_of_a_panel_knows_the_case(
    site, app, login, citizen, staff, monkeypatch, tmp_path, area
):
    with site.work() as work:
        make_unit(work, "pr")
        code = make_case(work, citizen=work.session.get_one(User, citizen.user_id)).code
    panel = Panel(name="gadget.panel", area=area, template="gadget")

    def in_order(hooks, hook):
        return [("gadget", lambda case, request: [panel])] if hook == "case_panels" else []

    def render(template, values, request):
        return f"<b class=gadget>{values['case'].code}</b>"

    monkeypatch.setattr("civicportal.web.display.render", render)
    monkeypatch.setattr("civicportal.web.display.in_order", in_order)
    login(citizen if area == "citizen" else staff("officer"))
    page = app.get(f"/my/{code}" if area == "citizen" else f"/kartable/cases/{code}")
    assert page.html.select_one(".gadget").text == code
