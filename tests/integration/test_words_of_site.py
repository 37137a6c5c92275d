"""Order of translations of a text, on pages and in messages alike.

A text without a domain of its own has the translation of the site, else of the core, else of a plugin. A text in a
plugin's domain has that of the site, else of the plugin, else of the core.
"""

from io import BytesIO

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from pyramid.i18n import TranslationStringFactory
from webtest import TestApp

from civicportal.api.plugins import hookimpl
from civicportal.api.web import PagePermission
from civicportal.testing import Environment
from civicportal.util.i18n import _

DOMAIN = "gadget_package"
#: The core translates the first three.
TEXTS = ("Home", "Account", "Cancel", "Gadgets", "Unknown")
TEMPLATE = """{% extends "base.jinja2" %}{% block body %}<ul>
{% for text in texts %}<li>{{ _(text) }}</li>{% endfor %}
<li>{% trans %}Home{% endtrans %}</li><li>{% trans n=2 %}one gadget{% pluralize n %}{{ n }} gadgets{% endtrans %}</li>
</ul>{% endblock %}"""
BASE = "<h1>{{ _('Home') }}</h1><h2>{% trans %}Account{% endtrans %}</h2>{% block body %}{% endblock %}"


def write_catalogue(folder, texts, domain="civicportal"):
    """Write a compiled catalogue into the package in a folder."""
    catalogue = Catalog(locale="fa")
    for text, translation in texts.items():
        catalogue.add(text, translation)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    path = folder / "locale/fa/LC_MESSAGES" / f"{domain}.mo"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(compiled.getvalue())


@pytest.fixture
def portal(install, tmp_path):
    """Return a function that serves a plugin's page in a site, given their catalogues."""
    served = []

    def serve(of_plugin, of_site, domain="civicportal"):
        def page(request):
            return {"texts": TEXTS}

        def includeme(config):
            config.add_route("gadget.page", "/gadget")
            config.add_view(
                page,
                route_name="gadget.page",
                renderer=f"{DOMAIN}:templates/page.jinja2",
                permission=PagePermission.EVERYBODY,
            )

        plugin = install.plugin("gadget", hookimpl(includeme), files={"templates/page.jinja2": TEMPLATE})
        site = install.package("city", files={"templates/base.jinja2": BASE})
        write_catalogue(install.folder_of(plugin), of_plugin, domain)
        write_catalogue(install.folder_of(site), of_site)
        settings = {"site": {"plugins": ["gadget"], "package": "city"}}
        served.append(Environment(tmp_path, f"sqlite:///{tmp_path / 'portal.db'}", settings))
        return served[0]

    yield serve
    for environment in served:
        environment.close()


def shown(environment):
    return [item.text for item in TestApp(environment.app).get("/gadget").html.select("h1, h2, li")]


def sent(environment, mark):
    """The texts in a message: it is translated outside of any request."""
    return [str(environment.site.localizer("fa").translate(mark(text))) for text in TEXTS]


OF_PLUGIN = {text: f"{text} by the plugin" for text in ("Home", "Account", "Gadgets")} | {
    ("one gadget", "%(n)s gadgets"): ("%(n)s by the plugin",)
}
OF_SITE = {"Home": "Home by the site"}


def test_a_text_is_said_by_the_site_then_the_core_then_a_plugin(portal):
    environment = portal(OF_PLUGIN, OF_SITE)
    found = sent(environment, _)
    assert found[0] == "Home by the site"
    assert found[1] == "حساب کاربری"
    assert found[3:] == ["Gadgets by the plugin", "Unknown"]
    assert shown(environment) == [*found[:2], *found, found[0], "2 by the plugin"]


def test_a_plugin_has_a_domain_of_its_own_that_changes_no_page_of_the_core(portal):
    environment = portal(OF_PLUGIN, OF_SITE, DOMAIN)
    found = sent(environment, TranslationStringFactory(DOMAIN))
    assert found[:2] == ["Home by the site", "Account by the plugin"]
    assert found[2] == sent(environment, _)[2] != "Cancel"
    assert found[3:] == ["Gadgets by the plugin", "Unknown"]
    layout = ["Home by the site", "حساب کاربری"]
    assert shown(environment) == [*layout, *found, found[0], "2 by the plugin"]


def test_a_text_marked_without_a_domain_finds_what_a_plugin_translates_in_its_own(portal):
    assert sent(portal(OF_PLUGIN, OF_SITE, DOMAIN), _)[3] == "Gadgets by the plugin"
