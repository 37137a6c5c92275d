"""A running server reads no template any more: what is installed over it does not meet its old code."""

import pytest
from pyramid_jinja2 import IJinja2Environment

from civicportal.web.compiled import load_templates

PAGES = ("/", "/login", "/track", "/staff/login", "/nowhere", "/account", "/offline")


def test_pages_do_without_their_files(site, app, monkeypatch):
    assert load_templates(site) > 100
    environment = site.registry.getUtility(IJinja2Environment, name=".jinja2")

    def gone(*_):
        pytest.fail("a template was read")

    monkeypatch.setattr(environment.loader, "get_source", gone)
    for path in PAGES:
        assert app.get(path, status="*").status_int < 500, path
