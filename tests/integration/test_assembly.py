"""What does not fit together stops the start, and the message names whom to ask; what fits is put together in order."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import MetaData, Table

from civicportal import __version__
from civicportal.api.notifications import MessageText
from civicportal.api.people import Permission
from civicportal.api.plugins import Job, PluginModels, hookimpl
from civicportal.api.settings import SettingsSchema, setting
from civicportal.api.web import PagePermission
from civicportal.app import create_app
from civicportal.core.site import Site
from civicportal.domain.organization.models import Seed
from civicportal.portal.worker.jobs import JobRunner
from civicportal.testing import PETITIONS, make_site_file
from civicportal.util.errors import ConfigurationError
from civicportal.util.i18n import _


def implementation(name, function, **marks):
    """A function as the implementation of a hook."""
    function.__name__ = name
    return hookimpl(**marks)(function)


def returns(hook, *values):
    """An implementation that always answers the same."""
    return implementation(hook, lambda: values)


def refused(message):
    return pytest.raises(ConfigurationError, match=message)


# -- who takes part -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["tryfirst", "trylast", "wrapper", "hookwrapper"])
@pytest.mark.parametrize("who", ["gadget", "site"])
def test_only_the_core_marks_its_order(install, assemble, mark, who):
    def wraps():
        yield

    function = wraps if "wrapper" in mark else lambda: ()
    marked = implementation("register_permissions", function, **{mark: True})
    install.plugin("gadget", *([marked] if who == "gadget" else []))
    install.package("city", *([marked] if who == "site" else []))
    with refused(rf"{who}: register_permissions may not use tryfirst, trylast or wrappers"):
        assemble("gadget", package="city")


def test_a_misspelled_hook_is_found(install, assemble):
    install.plugin("gadget", returns("register_permisions"))
    with refused(r"unknown hook 'register_permisions' in plugin <module 'gadget_package"):
        assemble("gadget")


def test_a_parameter_that_the_hook_does_not_have_is_found(install, assemble):
    install.plugin("gadget", implementation("register_jobs", lambda portal: ()))
    with refused(r"gadget: .*\n.*hookimpl definition.*\nArgument\(s\) \{'portal'\}"):
        assemble("gadget")


def test_a_plugin_that_cannot_be_imported_says_why(install, assemble):
    module = install.plugin("gadget")
    (install.folder_of(module) / "plugin.py").write_text("import nonsense_of_a_module\n")
    install.forget()
    with refused(r"'gadget' cannot be imported: No module named 'nonsense_of_a_module'"):
        assemble("gadget")


def test_a_missing_plugin_is_named_with_those_installed(install, assemble):
    install.plugin("gadget")
    with refused(r"site\.plugins: 'gadgets' is not installed \(installed: .*gadget.*\)\. Install"):
        assemble("gadgets")


def test_a_plugin_is_listed_once(install, assemble):
    install.plugin("gadget")
    with refused(r"site\.plugins: 'gadget' is listed twice"):
        assemble("gadget", "gadget")


# -- names are unique -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hook", "item", "name"),
    [
        ("register_case_kinds", PETITIONS, "petitions"),
        ("register_permissions", Permission(name="knob:turn", title=_("Turn")), "knob:turn"),
        ("register_messages", MessageText(key="knob", title=_("Knob"), text=_("Knob")), "knob"),
    ],
)
def test_a_name_is_claimed_once(install, assemble, hook, item, name):
    install.plugin("gadget", returns(hook, item))
    install.plugin("widget", returns(hook, replace(item, title=_("Another"))))
    with refused(rf"{hook}: '{name}' is registered by 'gadget' and by 'widget'"):
        assemble("gadget", "widget")


def test_a_plugin_cannot_take_a_name_of_the_core(install, assemble):
    install.plugin(
        "gadget", returns("register_permissions", Permission(name="core:role:manage", title=_("x")))
    )
    with refused(r"register_permissions: 'core:role:manage' is registered by 'core' and by 'gadget'"):
        assemble("gadget")


def test_a_job_is_claimed_once(install, assemble):
    job = Job(name="oil", every=timedelta(hours=1), run=lambda site: None)
    install.plugin("gadget", returns("register_jobs", job))
    install.plugin("widget", returns("register_jobs", job))
    with refused(r"register_jobs: 'oil' is registered by 'gadget' and by 'widget'"):
        JobRunner(assemble("gadget", "widget"))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"at": "25:00"}, "at: '25:00' is no time of day such as 03:00"),
        ({"at": "03:00", "every": timedelta(hours=1)}, "one of every and at says when it runs, not both"),
        ({"every": timedelta(hours=1), "lane": "fast"}, "lane: 'fast' is none of messages, usual, long"),
    ],
)
def test_a_job_that_says_nonsense_is_refused_at_the_start(install, assemble, values, reason):
    install.plugin(
        "gadget", returns("register_jobs", Job(name="gadget.oil", run=lambda site: None, **values))
    )
    with refused(f"plugin 'gadget', the job 'gadget.oil': {reason}: correct it"):
        create_app(assemble("gadget"))


# -- tables and settings --------------------------------------------------------------------------------------


def has_table(table, prefix, folder):
    """An implementation of ``register_models`` with one table."""
    metadata = MetaData()
    Table(table, metadata)
    models = PluginModels(prefix=prefix, metadata=metadata, migrations=folder)
    return implementation("register_models", lambda: models)


@pytest.mark.parametrize("table", ["parts", "gadgets_parts", "cases"])
def test_a_table_has_the_prefix_of_its_plugin(install, assemble, tmp_path, table):
    install.plugin("gadget", has_table(table, "gadget", tmp_path))
    with refused(rf"gadget: the table '{table}' does not begin with gadget_"):
        assemble("gadget")


def test_a_prefix_belongs_to_one_plugin(install, assemble, tmp_path):
    install.plugin("gadget", has_table("gadget_parts", "gadget", tmp_path))
    install.plugin("widget", has_table("gadget_bolts", "gadget", tmp_path))
    with refused(r"widget: another plugin has the prefix 'gadget'"):
        assemble("gadget", "widget")


class GadgetSettings(SettingsSchema):
    colour = setting(str)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"colour": "red", "color": "red"}, r"site\.toml: plugins\.gadget: unknown key 'color'"),
        ({"colour": 3}, r"site\.toml: plugins\.gadget\.colour: must be a string, not int"),
        ({}, r"site\.toml: plugins\.gadget\.colour: "),
    ],
)
def test_the_settings_of_a_plugin_are_strict(install, assemble, table, message):
    install.plugin("gadget", implementation("register_settings", lambda: GadgetSettings()))
    with refused(message):
        assemble("gadget", plugins={"gadget": table})


def test_a_plugin_without_settings_takes_none(install, assemble):
    install.plugin("gadget")
    with refused(r"plugins\.gadget: the plugin has no settings"):
        assemble("gadget", plugins={"gadget": {"colour": "red"}})


def test_the_table_of_a_plugin_that_is_not_listed_sleeps(install, assemble):
    install.plugin("gadget", implementation("register_settings", lambda: GadgetSettings()))
    with pytest.warns(UserWarning, match=r"plugins\.gadget: the plugin is not listed in site\.plugins"):
        site = assemble(plugins={"gadget": {"colour": "red"}})
    assert site.plugin_settings == {}


# -- routes and views -----------------------------------------------------------------------------------------


def page(request):
    """A page of nothing."""
    return request.response


def adds(*routes, permission=PagePermission.EVERYBODY):
    """An implementation of ``includeme`` that adds routes (name, pattern), each with a view."""

    def includeme(config):
        for name, pattern in routes:
            config.add_route(name, pattern)
            config.add_view(page, route_name=name, permission=permission)

    return hookimpl(includeme)


@pytest.mark.parametrize(
    "pattern",
    ["/gadget", "/gadget/{id}", "/gadget.json", "/desk/gadget", "/admin/gadget/x", "/api/v1/gadget"],
)
def test_a_plugin_has_four_folders(install, assemble, browse, pattern):
    install.plugin("gadget", adds(("gadget.page", pattern)))
    browse(assemble("gadget")).get(pattern.format(id=1), status=200)


@pytest.mark.parametrize("pattern", ["/knob", "/gadgets", "/kartable/gadget", "/api/gadget", "/{anything}"])
def test_a_route_outside_its_folders_is_refused(install, assemble, pattern):
    install.plugin("gadget", adds(("gadget.page", pattern)))
    with refused(r"the route 'gadget\.page' of plugin 'gadget' lies outside its folders"):
        create_app(assemble("gadget"))


@pytest.mark.parametrize("name", ["page", "gadgets.page", "widget.page"])
def test_a_route_has_the_name_of_its_plugin(install, assemble, name):
    install.plugin("gadget", adds((name, "/gadget/page")))
    install.plugin("widget")
    with refused(rf"the route '{name}' of plugin 'gadget' must have a name that begins with gadget\."):
        create_app(assemble("gadget", "widget"))


def test_two_routes_of_one_pattern_are_refused(install, assemble):
    install.plugin("gadget", adds(("gadget.one", "/gadget/x"), ("gadget.two", "/gadget/x")))
    with refused(r"the routes 'gadget\.one' and 'gadget\.two' have one pattern, '/gadget/x'"):
        create_app(assemble("gadget"))


def test_a_route_name_is_claimed_once(install, assemble):
    install.plugin("gadget", adds(("gadget.page", "/gadget/page")))
    install.plugin("widget", adds(("gadget.page", "/gadget/other")))
    with refused(r"Conflicting configuration actions"):
        create_app(assemble("gadget", "widget"))


def test_a_site_may_add_a_page_anywhere_but_not_over_another(install, assemble, browse):
    install.package("city", adds(("imprint", "/imprint")))
    install.package("village", adds(("front", "/")))
    browse(assemble(package="city")).get("/imprint", status=200)
    with refused(r"the routes 'home' and 'front' have one pattern, '/'"):
        create_app(assemble(package="village"))


def test_a_view_says_who_may_see_it(install, assemble):
    install.plugin("gadget", adds(("gadget.page", "/gadget"), permission=None))
    with refused(r"the view .*\.page has no permission; public pages say EVERYBODY"):
        create_app(assemble("gadget"))


# -- the site's own look --------------------------------------------------------------------------------------


PAGE = '{% extends "layout/citizen.jinja2" %}{% block content %}<p>{{ word }}</p>{% endblock %}'


def knob_page(config):
    """A page of a plugin inside the core's layout."""
    config.add_route("gadget.knob", "/gadget/knob")
    config.add_view(
        lambda request: {"word": "as the plugin has it"},
        route_name="gadget.knob",
        renderer="templates/gadget/knob.jinja2",
        permission=PagePermission.EVERYBODY,
    )


@pytest.mark.parametrize(
    ("template", "text", "page", "shown"),
    [
        ("gadget/knob.jinja2", "<p>as the city has it</p>", "/gadget/knob", "as the city has it"),
        ("errors/404.jinja2", "<p>nothing of that name</p>", "/nowhere", "nothing of that name"),
        (
            "partials/footer_contact.jinja2",
            "<p>ring the bell</p>",
            "/gadget/knob",
            "ring the bell",
        ),
    ],
)
def test_a_site_overrides_templates_of_plugin_and_core(
    install, assemble_migrated, browse, template, text, page, shown
):
    gadget = implementation("includeme", knob_page)
    install.plugin("gadget", gadget, files={"templates/gadget/knob.jinja2": PAGE})
    install.package("city", files={f"templates/{template}": text})
    plain, own = assemble_migrated("gadget"), assemble_migrated("gadget", package="city")
    assert shown not in browse(plain).get(page, status="*").text
    assert shown in browse(own).get(page, status="*").text


def test_a_site_overrides_static_files_and_adds_its_own(install, assemble, browse):
    files = {"static/knob.css": "/* plugin */", "static/other.css": "/* untouched */"}
    install.plugin("gadget", files=files)
    own = {
        "static/gadget/knob.css": "/* city */",
        "static/core/favicon.svg": "<svg/>",
        "static/logo.svg": "<svg/>",
    }
    install.package("city", files=own)

    def texts(site, *names):
        browser = browse(site)
        digests = site.registry.static_files
        found = [
            browser.get(f"/static/{owner}/{digests.digest(owner)}/{path}", status=200)
            for owner, _slash, path in (name.partition("/") for name in names)
        ]
        assert all("immutable" in answer.headers["Cache-Control"] for answer in found)
        return [answer.text for answer in found], digests.digest("gadget")

    plain, before = texts(assemble("gadget"), "gadget/knob.css", "gadget/other.css")
    assert plain == ["/* plugin */", "/* untouched */"]
    names = ("gadget/knob.css", "gadget/other.css", "core/favicon.svg", "site/logo.svg")
    changed, after = texts(assemble("gadget", package="city"), *names)
    assert changed == ["/* city */", "/* untouched */", "<svg/>", "<svg/>"]
    assert before != after


def test_the_colours_of_a_site_stand_in_its_theme(assemble, browse):
    css = browse(assemble(look={"primary": "#0B6A6B", "primary_dark": "#5FC7C0"})).get("/theme.css")
    assert css.content_type == "text/css"
    assert ":root,[data-bs-theme=light]{--primary:#0b6a6b}" in css.text
    assert "[data-bs-theme=dark]{--primary:#5fc7c0}" in css.text


@pytest.mark.parametrize("colour", ["teal", "#0b6", "#0B6A6B;} body{display:none", "rgb(0,0,0)"])
def test_a_colour_is_nothing_else(assemble, colour):
    with refused(r"look\.primary: must look like #0b6a6b"):
        create_app(assemble(look={"primary": colour}))


# -- production -----------------------------------------------------------------------------------------------


PRODUCTION = {"mode": "production", "public_url": "https://city.example"}


@pytest.mark.parametrize("transport", ["console", "memory", "simulator"])
def test_production_sends_real_messages(assemble, transport):
    with refused(rf"notifications\.transport: '{transport}' is not for production"):
        assemble(site=PRODUCTION, notifications={"transport": transport})


def test_production_refuses_a_database_that_a_demo_has_filled(site, assemble_migrated):
    production = assemble_migrated(site=PRODUCTION, notifications={"transport": "sms"})
    production.check_start()
    with site.work() as work:
        work.session.add(Seed(key="demo", digest=""))
    with refused(r"site\.database_url: the demo has filled this database"):
        production.check_start()


def test_nothing_is_served_from_tables_that_are_behind(assemble, empty_database):
    with refused(r"civicportal db upgrade"):
        assemble(site={"database_url": empty_database}).check_start()


def test_production_answers_to_its_own_name_only(assemble, browse):
    production = assemble(site=PRODUCTION, notifications={"transport": "sms"})
    browser = browse(production)
    browser.get("/sw.js", headers={"Host": "city.example"}, status=200)
    browser.get("/sw.js", headers={"Host": "evil.example"}, status=400)


@pytest.mark.parametrize(("mode", "status"), [("demo", 200), ("development", 404), ("production", 404)])
def test_the_phone_page_exists_in_a_demo_only(assemble_migrated, browse, mode, status):
    site = assemble_migrated(site={**PRODUCTION, "mode": mode}, notifications={"transport": "sms"})
    browse(site).get("/demo/phones", headers={"Host": "city.example"}, status=status)
    assert (site.cookie_name == "__Host-cp") is (mode == "production")


def test_a_site_without_a_secret_makes_one_outside_production(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = make_site_file(tmp_path, site={"secret": {"env": "NO_SUCH_SECRET"}})
    first, second = Site(path, environ={}), Site(path, environ={})
    assert first.keys.mac("x", "y") == second.keys.mac("x", "y")
    for site in (first, second):
        site.engines.dispose()


def test_a_plugin_for_another_civicportal_is_refused_with_both_versions(install, assemble):
    install.plugin("gadget", requires="civicportal>=7.2,<8")
    with refused(rf"'gadget' is made for civicportal <8,>=7.2, and this is civicportal {__version__}"):
        assemble("gadget")


def test_the_log_names_each_hook_when_it_is_asked_to(install, assemble, monkeypatch, caplog):
    install.plugin("gadget", returns("register_permissions", Permission(name="gadget:turn", title=_("Turn"))))
    assemble("gadget")
    assert "register_permissions of gadget" not in caplog.text
    monkeypatch.setenv("CIVICPORTAL_TRACE_HOOKS", "1")
    caplog.set_level("INFO", "civicportal.core.tracing")
    assemble("gadget")
    assert "register_permissions of gadget returned after" in caplog.text
