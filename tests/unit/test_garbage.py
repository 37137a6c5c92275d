"""The garbage collector stands still while a site is assembled."""

import gc

import pytest

from civicportal import app
from civicportal.core import site as assembly
from civicportal.testing import make_site_file
from civicportal.util.garbage import collections_paused


def test_a_site_and_its_application_are_assembled_without_collections(tmp_path, monkeypatch):
    seen = []
    for module, name in ((assembly, "read_settings"), (app, "refuse_unusable")):
        real = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *given, real=real: seen.append(gc.isenabled()) or real(*given)
        )
    site = assembly.Site(make_site_file(tmp_path))
    app.create_app(site)
    site.engines.dispose()
    assert seen == [False, False]
    assert gc.isenabled()


def test_it_runs_again_after_an_error():
    with pytest.raises(LookupError), collections_paused():
        raise LookupError
    assert gc.isenabled()


def test_one_that_stands_still_is_left_alone():
    with collections_paused():
        with collections_paused():
            pass
        assert not gc.isenabled()
