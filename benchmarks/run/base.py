"""The portal of another commit, served beside this one.

Its code comes from a temporary worktree, its packages from this environment. Its own ``benchmarks`` package fills its
database and signs people in; the requests are those of this package.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from sqlalchemy import create_engine

from benchmarks.run import machine
from benchmarks.run.cast import Cast, StoredCast
from benchmarks.run.serving import SITE, Server, served
from civicportal.core.site import Site

NOT_COMPARED = ("referral",)
"""Scenarios whose forms have other fields in other commits."""
#: Runs with the other commit's modules, whose places differ: only names of its benchmark are used.
_EXPORT = """
import json
from dataclasses import asdict
from benchmarks.run import cast
from benchmarks.run.serving import SITE
from civicportal_reports import schemas
site = cast.Site(SITE)
made = cast.Cast(site)
print(json.dumps({
    "cookie": site.cookie_name,
    "asks_for_similar": hasattr(schemas, "OwnSubmission"),
    "staff": {name: asdict(person) for name, person in made.staff.items()},
    "citizens": {key: asdict(person) for key, person in made.citizens.items()},
    "steps": [asdict(case) for case in made.steps],
    "places": made.places, "categories": made.categories, "unit_ids": made.unit_ids, "codes": made.codes,
}))
"""


class Base:
    """A commit with a database of its own.

    :param root: its working tree.
    :param database: an empty database.
    :param folder: for its files and logs.
    """

    def __init__(self, root: Path, database: str, folder: Path) -> None:
        self.root, self.database, self.folder = root, database, folder
        self.commit = machine.commit(root)
        self._site = Site(SITE, environ={"BENCH_DATABASE_URL": database})
        self.cast: Cast
        self.cookie = ""

    def fill(self, cases: int, seed: int, until: datetime) -> None:
        """Fill the database by the commit's own benchmark, and choose people and cases."""
        moment = until.astimezone(self._site.timezone).strftime("%Y-%m-%dT%H:%M:%S")
        numbers = ("--n", str(cases), "--seed", str(seed), "--until", moment)
        self._python("-m", "benchmarks", "seed", "--database", self.database, *numbers)
        found = json.loads(self._python("-c", _EXPORT).splitlines()[-1])
        self.cookie, asks = found.pop("cookie"), found.pop("asks_for_similar")
        engine = create_engine(self.database)
        with engine.connect() as connection:
            self.cast = StoredCast(self._site, found, connection)
        self.cast.asks_for_similar = asks
        engine.dispose()

    @contextmanager
    def serve(self, log: Path) -> Iterator[Server]:
        """Serve it as the portal is served."""
        site = str(self.root / "benchmarks/site.toml")
        command = [
            sys.executable,
            "-m",
            "civicportal",
            "--site",
            site,
            "serve",
            "--no-worker",
            "--port",
            "{port}",
        ]
        # In its own folder: the secret of a developer's site lies in var/.
        yield from served(command, self.database, log, environment=self._environment(), folder=self.root)

    def _python(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env={**os.environ, **self._environment()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{self.commit}: {done.stdout[-2000:]}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        folders = [
            self.root,
            self.root / "src",
            *self.root.glob("plugins/*/src"),
            *self.root.glob("examples/*/src"),
        ]
        return {
            "PYTHONPATH": os.pathsep.join(map(str, folders)),
            "BENCH_DATABASE_URL": self.database,
            "BENCH_FILES": str(self.folder / "base-files"),
        }


@contextmanager
def worktree(commit: str, progress: Callable[[str], None]) -> Iterator[Path]:
    """Check out a commit into a temporary folder, with its catalogues compiled."""
    with tempfile.TemporaryDirectory(prefix="civicportal-base-") as place:
        root = Path(place) / "tree"
        _git("worktree", "add", "--quiet", "--detach", str(root), commit)
        try:
            for po in root.glob("*/**/locale/*/LC_MESSAGES/*.po"):
                with po.open("rb") as source, po.with_suffix(".mo").open("wb") as target:
                    write_mo(target, read_po(source, locale=po.parts[-3]))
            progress(f"checked out {machine.commit(root)}")
            yield root
        finally:
            _git("worktree", "remove", "--force", str(root))


def _git(*arguments: str) -> None:
    subprocess.run(["git", "-C", str(machine.ROOT), *arguments], check=True)
