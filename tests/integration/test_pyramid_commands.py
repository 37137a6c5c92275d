"""Pyramid's own commands take a site.toml."""

import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from portal import READY, free_port

from civicportal.portal import upgrade as migrate
from civicportal.testing import make_site, make_site_file

COMMANDS = Path(sys.executable).parent


@pytest.fixture
def path(tmp_path):
    return make_site_file(tmp_path, site={"plugins": ["reports"]})


def run(command, *arguments, **options):
    """What a command says; it must not fail."""
    words = [str(COMMANDS / command), *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=READY, check=False, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_proutes_lists_the_routes_of_core_and_plugins(path):
    lines = [line.split() for line in run("proutes", path).splitlines()]
    assert ["home", "/", "civicportal.portal.dashboard.views.home", "*"] in lines
    assert ["reports.new", "/reports/new", "civicportal_reports.views.wizard.new"] in [
        line[:3] for line in lines
    ]


def test_pviews_tells_who_may_see_a_page(path):
    assert "required permission = reports:case:view" in run("pviews", path, "/desk/reports")


def test_pshell_knows_the_site(path):
    said = run("pshell", path, input="print('plugins:', [plugin.name for plugin in registry.site.plugins])\n")
    assert "plugins: ['reports']" in said


def answer(address, process):
    """What an address answers, as soon as it does."""
    ends = time.monotonic() + READY
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urlopen(address, timeout=2) as response:
                return response.read().decode()
        except (URLError, ConnectionError, TimeoutError):
            continue
    raise AssertionError(f"no answer, exit code {process.poll()}")


def test_pserve_serves_a_migrated_site(path):
    site = make_site(path)
    migrate.upgrade(site)
    site.engines.dispose()
    port = free_port()
    words = [str(COMMANDS / "pserve"), str(path), f"port={port}"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            assert "شهر نمونه" in answer(f"http://127.0.0.1:{port}/", process)
        finally:
            process.terminate()


def test_pserve_refuses_a_site_without_tables(path):
    words = [str(COMMANDS / "pserve"), str(path), f"port={free_port()}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=READY, check=False)
    assert done.returncode != 0
    assert "civicportal db upgrade" in done.stderr
