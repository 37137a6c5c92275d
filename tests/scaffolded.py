"""A plugin fresh from ``civicportal plugin new``, installed as its author would, and a portal that has it on its list."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from portal import Portal, free_port

from civicportal.demo.clock import DemoClock
from civicportal.demo.runner import PASSWORD
from civicportal.site import Site
from civicportal.testing import make_site_file

NAME, TITLE, PERSIAN = "parking", "Parking permits", "مجوز پارک"
#: Programs of the house that an author has too.
TOOLS = Path(sys.executable).parent


def run(*words: object, cwd: Path, **environment: str) -> str:
    """Run a command and return what it says; it must not fail."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{words}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def make_environment(folder: Path) -> Path:
    """Make an environment above the packages of the house and return its interpreter."""
    venv.create(folder, with_pip=False)
    house = sysconfig.get_path("purelib")
    own = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
    # A path alone would leave out what is installed there from a working copy.
    (own / "house.pth").write_text(f"import site; site.addsitedir({house!r})\n")
    return folder / "bin/python"


class Distribution:
    """The plugin, installed into an environment of its own.

    :param folder: a new one, for both.
    """

    def __init__(self, folder: Path) -> None:
        self.python = make_environment(folder / "environment")
        words = ("--title", TITLE, "--persian", PERSIAN, "--folder", folder)
        run(self.python, "-m", "civicportal", "plugin", "new", NAME, *words, cwd=folder)
        self.folder = folder / f"civicportal-{NAME}"
        pip = ("-m", "pip", "--disable-pip-version-check", "--python", self.python)
        run(sys.executable, *pip, "install", "--quiet", "--no-deps", "-e", self.folder, cwd=folder)


class ScaffoldedPortal(Portal):
    """A portal in mode demo with the plugin, switched on by the commands that an operator uses.

    :param folder: a new one.
    """

    def __init__(self, folder: Path, distribution: Distribution) -> None:
        self.python = str(distribution.python)
        self.path = make_site_file(
            folder,
            site={"mode": "demo"},
            notifications={"transport": "console", "quiet_hours": "00:00-00:00"},
        )
        rights = ", ".join(f'"{NAME}:case:{verb}"' for verb in ("view", "work"))
        with (folder / "data/roles.toml").open("a", encoding="utf-8") as roles:
            roles.write(f'\n[roles.clerk]\ntitle = "کارشناس"\npermissions = [{rights}]\n')
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment = dict(os.environ)
        self.log = folder / "server.log"
        self.process = None
        # The core alone on the same database: this process has not installed the plugin.
        self.site = Site(self.path, clock=DemoClock())
        for words in (("plugin", "enable", NAME), ("db", "upgrade"), ("site", "load")):
            self.command(*words)

    def add_officer(self, username: str, mobile: str) -> None:
        """Add somebody who works on the cases of the plugin."""
        words = ("--name", "کیانا فرهادی", "--username", username, "--mobile", mobile, "--role", "clerk")
        self.command("user", "add", *words, CIVICPORTAL_PASSWORD=PASSWORD)

    def command(self, *words: str, **environment: str) -> str:
        """Run a command of the portal and return what it says."""
        command = (self.python, "-m", "civicportal", "--site", self.path, *words)
        return run(*command, cwd=self.path.parent, **environment)
