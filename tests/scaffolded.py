"""Generated and installed plugins, and a portal with them."""

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

from portal import Portal, free_port

from civicportal.core.site import Site
from civicportal.portal.demo.runner import PASSWORD
from civicportal.testing import make_site_file
from civicportal.tools.scaffold import create_plugin

#: Programs of the house that an author has too.
TOOLS = Path(sys.executable).parent


@dataclass(frozen=True)
class Plugin:
    """What a new plugin is called."""

    kind: str
    name: str
    title: str
    persian: str


PARKING = Plugin("case", "parking", "Parking permits", "مجوز پارک")
LIBRARY = Plugin("content", "library", "Public library", "کتابخانهٔ عمومی")
PIGEON = Plugin("gateway", "pigeon", "Pigeon post", "کبوتر نامه‌بر")
PLUGINS = (PARKING, LIBRARY, PIGEON)


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


class Workshop:
    """A new plugin of every kind, installed into an environment of their own.

    :param folder: a new one, for all of it.
    :ivar folders: of the distributions, by the plugin's name.
    """

    def __init__(self, folder: Path) -> None:
        self.python = make_environment(folder / "environment")
        self.folders = {
            one.name: create_plugin(
                one.name, folder, kind=one.kind, title=one.title, persian=one.persian
            ).folder
            for one in PLUGINS
        }
        pip = ("-m", "pip", "--disable-pip-version-check", "--python", self.python)
        editable = [word for path in self.folders.values() for word in ("-e", path)]
        # Built with what the house has: nothing is fetched.
        words = ("install", "--quiet", "--no-deps", "--no-build-isolation", *editable)
        run(sys.executable, *pip, *words, cwd=folder)


class ScaffoldedPortal(Portal):
    """A portal with the plugins, switched on by the commands that an operator uses; it sends by the new gateway.

    :param folder: a new one.
    :param provider: address and key of the gateway's provider.
    """

    def __init__(self, folder: Path, workshop: Workshop, provider: tuple[str, str]) -> None:
        self.python = str(workshop.python)
        self.path = make_site_file(folder, notifications={"quiet_hours": "00:00-00:00"})
        rights = [f"{PARKING.name}:case:view", f"{PARKING.name}:case:work", f"{LIBRARY.name}:entry:edit"]
        with (folder / "data/roles.toml").open("a", encoding="utf-8") as roles:
            roles.write(f'\n[roles.clerk]\ntitle = "کارشناس"\npermissions = {rights}\n')
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment = {**os.environ, "PIGEON_KEY": provider[1]}
        self.log = folder / "server.log"
        self.process = None
        # The core alone on the same database: this process has not installed the plugins.
        self.site = Site(self.path)
        for one in PLUGINS:
            self.command("plugin", "enable", one.name)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(
                f'\n[plugins.{PIGEON.name}]\nbase_url = "{provider[0]}"\napi_key = {{ env = "PIGEON_KEY" }}\n'
            )
        text = self.path.read_text(encoding="utf-8")
        self.path.write_text(
            text.replace('transport = "memory"', f'transport = "{PIGEON.name}"'), encoding="utf-8"
        )
        for words in (("db", "upgrade"), ("site", "load")):
            self.command(*words)

    def add_officer(self, username: str, mobile: str) -> None:
        """Add an officer who works on the cases and writes the pages of the new plugins."""
        words = ("--name", "کیانا فرهادی", "--username", username, "--mobile", mobile, "--role", "clerk")
        self.command("user", "add", *words, CIVICPORTAL_PASSWORD=PASSWORD)

    def command(self, *words: str, **environment: str) -> str:
        """Run a command of the portal and return what it says."""
        command = (self.python, "-m", "civicportal", "--site", self.path, *words)
        return run(*command, cwd=self.path.parent, **{**self.environment, **environment})
