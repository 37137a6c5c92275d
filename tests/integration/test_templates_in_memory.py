"""A running server reads no template any more: what is installed over it does not meet its old code."""

import pytest
from pyramid_jinja2 import IJinja2Environment
from webtest import TestApp

from civicportal.app import create_app
from civicportal.portal import upgrade
from civicportal.web.compiled import load_templates

OVERRIDE = {"templates/errors/404.jinja2": "<p>as the city has it</p>"}
PAGES = ("/", "/login", "/track", "/staff/login", "/nowhere", "/account", "/offline")


@pytest.mark.both_databases
def test_pages_do_without_their_files(site, app, monkeypatch):
    assert load_templates(site) > 100
    environment = site.registry.getUtility(IJinja2Environment, name=".jinja2")

    def gone(*_):
        pytest.fail("a template was read")

    monkeypatch.setattr(environment.loader, "get_source", gone)
    for path in PAGES:
        assert app.get(path, status="*").status_int < 500, path


def test_templates_of_a_site_stand_before_those_of_the_core(install, assemble):
    install.package("city", files=OVERRIDE)
    site = assemble(package="city")
    upgrade.upgrade(site)
    app = TestApp(create_app(site))
    load_templates(site)
    assert "as the city has it" in app.get("/nowhere", status=404).text
