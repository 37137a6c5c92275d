"""The distributions as people get them: built, installed into an empty environment, and run far from the checkout."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import venv
import zipfile
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from portal import READY, free_port

ROOT = Path(__file__).parents[2]
CORE = ROOT / "src/civicportal"
PACKAGES = [CORE, *sorted(ROOT.glob("plugins/*/src/*")), *sorted(ROOT.glob("examples/*/src/*"))]
#: What a portal cannot do without, of those sorts of files that a builder easily forgets.
NEEDED = {
    "civicportal/templates/layout/citizen.jinja2",
    "civicportal/static/portal.css",
    "civicportal/static/vendor/fonts/vazirmatn-arabic.woff2",
    "civicportal/locale/fa/LC_MESSAGES/civicportal.mo",
    "civicportal/migrations/env.py",
    "civicportal/migrations/script.py.mako",
    "civicportal/migrations/versions/0001_initial.py",
    "civicportal/py.typed",
    "civicportal_reports/locale/fa/LC_MESSAGES/civicportal_reports.mo",
    "shahreman_site/site.toml",
    "shahreman_site/data/units.toml",
    "shahreman_site/static/city.geojson",
}

pytestmark = pytest.mark.packaging


def run(*words, cwd, **environment):
    """Run a command and return what it says; it must not fail."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=bare_environment(**environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{words}:\n{done.stdout[-2000:]}{done.stderr[-3000:]}"
    return done.stdout


def bare_environment(**more):
    """This process's environment without what would lead back to the checkout or to another site."""
    foreign = ("PYTHON", "CIVICPORTAL_", "SHAHREMAN_", "VIRTUAL_ENV", "COVERAGE", "PYTEST")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | more


def run_pip(python, *words, cwd):
    """Run this interpreter's pip for the environment of another one."""
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, *words, cwd=cwd)


def make_environment(folder, *requirements):
    """Make an environment with nothing but these and what they ask for; return its folder of programs."""
    venv.create(folder, with_pip=False)
    # Compiled is what runs, not all that is installed.
    install = ("install", "--quiet", "--no-compile", "-c", ROOT / "constraints.txt")
    run_pip(folder / "bin/python", *install, *requirements, cwd=folder)
    return folder / "bin"


def build(folder):
    """Build every distribution into a folder, the core by way of its sdist, and return the wheels."""
    programs = make_environment(folder / "builder", "build", "hatchling", "Babel")
    target = folder / "dist"
    run(programs / "python", "-m", "build", "--no-isolation", "-o", target, ROOT, cwd=folder)
    others = [package.parents[1] for package in PACKAGES[1:]]
    wheel = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", target)
    run_pip(programs / "python", *wheel, *others, cwd=folder)
    assert len(list(target.glob("civicportal-*.tar.gz"))) == 1
    return sorted(target.glob("*.whl"))


def files_in(wheels):
    """Every file of the wheels but what describes them."""
    names = [name for wheel in wheels for name in zipfile.ZipFile(wheel).namelist()]
    return {name for name in names if ".dist-info/" not in name}


def files_of(package):
    """Every file of a package in the checkout, caches left out."""
    paths = [path.relative_to(package.parent) for path in package.rglob("*") if path.is_file()]
    return {
        str(path)
        for path in paths
        if path.suffix != ".pyc" and not any(part.startswith(".") for part in path.parts)
    }


def fetch(address, process):
    """What an address answers, as soon as the server does."""
    ends = time.monotonic() + READY
    while time.monotonic() < ends and process.poll() is None:
        with (
            contextlib.suppress(URLError, ConnectionError, TimeoutError),
            urlopen(address, timeout=5) as answer,
        ):
            return answer.read().decode()
    raise AssertionError(f"{address} does not answer, exit code {process.poll()}")


@contextlib.contextmanager
def serving(programs, folder):
    """Run the demo and yield its address and process; end it in order."""
    port = free_port()
    with (folder / "demo.log").open("wb") as log:
        process = subprocess.Popen(
            [programs / "civicportal", "demo"],
            cwd=folder,
            env=bare_environment(PORT=str(port)),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield f"http://127.0.0.1:{port}", process
        process.terminate()
        assert process.wait(READY) == 0, (folder / "demo.log").read_text()
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)  # its worker has ended too
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


# One test: what it needs takes long to make, and parallel runs would make it twice.
def test_a_portal_runs_from_wheels_alone(tmp_path):
    wheels = build(tmp_path)
    assert len(wheels) == len(PACKAGES)
    built = files_in(wheels)
    assert sorted(NEEDED - built) == []
    assert sorted(set().union(*map(files_of, PACKAGES)) ^ built) == []

    programs = make_environment(tmp_path / "city", *wheels)
    run_pip(programs / "python", "check", cwd=tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    code = "import civicportal, shahreman_site; print(civicportal.__file__, shahreman_site.__file__)"
    assert str(ROOT) not in run(programs / "python", "-c", code, cwd=home)

    loaded = run(programs / "civicportal", "demo", "--only-load", cwd=home)
    assert "شهرِمَن" in loaded
    assert {path.name for path in home.iterdir()} == {"var"}

    with serving(programs, home) as (address, process):
        page = fetch(address, process)
        assert '<html lang="fa" dir="rtl"' in page
        assert "گزارش مشکل" in page
        assert 'name="csrf_token"' in fetch(f"{address}/reports/new", process)
        assert "/demo/phones/+98900000" in fetch(f"{address}/demo/phones", process)
        sheet = re.search(r'href="(/static/core/\w+/portal\.css)"', page)
        assert sheet
        assert '[dir="rtl"]' in fetch(address + sheet[1], process)
