"""``civicportal serve --reload``: a changed template is on the next page."""

import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from click.testing import CliRunner
from portal import READY, free_port

from civicportal.cli import main
from civicportal.core.site import Site
from civicportal.portal import upgrade
from civicportal.testing import make_site_file
from civicportal.tools.reloading import package_files, site_files

SAVED_AT_MOST = 4
PLUGIN = """
from civicportal.api.plugins import hookimpl


@hookimpl
def includeme(config):
    pass
"""


def city(folder, name="a_city"):
    """Write a site whose package has an error page of its own, and return its file and the template."""
    package = folder / name
    template = package / "templates/errors/404.jinja2"
    template.parent.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "plugin.py").write_text(PLUGIN)
    template.write_text("<p>call the first number</p>")
    path = make_site_file(package, site={"package": name})
    return path, template


@contextmanager
def served(path, folder):
    port = free_port()
    command = [sys.executable, "-m", "civicportal", "--site", str(path), "serve", "--reload", "--no-worker"]
    process = subprocess.Popen([*command, "--port", str(port)], cwd=folder, stdin=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(READY)


def wait_for(address, text, seconds=READY):
    """Ask for a page until it contains a text."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urlopen(f"{address}nowhere")
        except HTTPError as answer:
            if text in answer.read().decode():
                return True
        except URLError:
            pass
        time.sleep(0.2)
    return False


def shown_after_saving(template, address):
    """Save a template and tell whether the page shows it soon.

    The first page may be answered before the files are watched: what is saved in between is not noticed.
    """
    template.write_text("<p>call the second number</p>")
    return wait_for(address, "call the second number", READY / SAVED_AT_MOST)


def test_a_changed_template_is_on_the_next_page(tmp_path, monkeypatch):
    path, template = city(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.syspath_prepend(str(tmp_path))
    site = Site(path)
    upgrade.upgrade(site)
    site.engines.dispose()
    with served(path, tmp_path) as address:
        assert wait_for(address, "call the first number")
        assert any(shown_after_saving(template, address) for _time in range(SAVED_AT_MOST))


def test_files_of_core_plugins_and_site_are_watched(tmp_path, monkeypatch, install):
    path, template = city(tmp_path, "b_city")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = install.plugin("gadget", files={"templates/gadget.jinja2": "", "static/gadget.css": ""})
    path.write_text(path.read_text().replace("plugins = []", 'plugins = ["gadget"]'))
    site = Site(path)
    site.engines.dispose()
    watched = {*package_files(site), *site_files(path)}
    folder = install.folder_of(module)
    assert watched >= {template, folder / "templates/gadget.jinja2", folder / "static/gadget.css", path}
    assert any(file.name == "staff.jinja2" for file in watched)
    assert path.parent / "data/units.toml" in watched


def test_the_reloader_serves_in_one_process(tmp_path):
    path = make_site_file(tmp_path)
    answer = CliRunner().invoke(main, ["--site", str(path), "serve", "--reload", "--processes", "2"])
    assert answer.exit_code == 2
    assert "leave --processes out" in answer.output
