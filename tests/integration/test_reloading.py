"""``civicportal serve --reload``: a changed template is on the next page."""

import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from click.testing import CliRunner
from portal import READY, free_port
from senders import wait_until

from civicportal.cli import main
from civicportal.core.site import Site
from civicportal.portal import upgrade
from civicportal.testing import make_site_file
from civicportal.tools.reloading import package_files, site_files

NOTICED = 3
"""Seconds after which a change that was not noticed will not be."""
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
    log = folder / "log"
    command = [sys.executable, "-m", "civicportal", "--site", str(path), "serve", "--reload", "--no-worker"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield f"http://127.0.0.1:{port}/", log
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(READY)


def shows(address, text):
    """Return whether a page contains a text."""
    try:
        urlopen(f"{address}nowhere")
    except HTTPError as answer:
        return text in answer.read().decode()
    except URLError:
        return False


def save_until_noticed(template, log):
    """Save a template until the reloader says that it has changed.

    The first page may be answered before the files are watched: what is saved in between is not noticed.
    """
    ends = time.monotonic() + READY
    while time.monotonic() < ends:
        template.write_text("<p>call the second number</p>")
        with suppress(AssertionError):
            wait_until(lambda: f"{template} changed" in log.read_text(), NOTICED)
            return
    raise AssertionError(log.read_text())


def test_a_changed_template_is_on_the_next_page(tmp_path, monkeypatch):
    path, template = city(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.syspath_prepend(str(tmp_path))
    site = Site(path)
    upgrade.upgrade(site)
    site.engines.dispose()
    with served(path, tmp_path) as (address, log):
        wait_until(lambda: shows(address, "call the first number"))
        save_until_noticed(template, log)
        wait_until(lambda: shows(address, "call the second number"))


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
