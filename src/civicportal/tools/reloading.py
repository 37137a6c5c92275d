"""Development server that restarts after changes."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import hupper

from civicportal.core.site import Site
from civicportal.tools.server import serve_site

PATTERNS = ("templates/**/*.jinja2", "static/**/*", "locale/**/*.mo")
"""Files of a package that a server reads at its start, besides its code."""
SECONDS = 1
"""Time for a graceful end before the server is killed."""


def serve_reloading(path: Path, *, host: str, port: int, threads: int, worker: bool) -> None:
    """Serve a site, and restart after changes.

    A server that cannot start, for instance because of a syntax error, is started again with the next change.
    """
    hupper.start_reloader(
        "civicportal.tools.reloading.serve_once",
        reload_interval=SECONDS,
        worker_kwargs={
            "path": str(path),
            "host": host,
            "port": port,
            "threads": threads,
            "worker": worker,
        },
    )


def serve_once(path: str, host: str, port: int, threads: int, worker: bool) -> None:
    """Serve until a watched file changes."""
    reloader, site_file = hupper.get_reloader(), Path(path)
    # Watched before the site is assembled: an error in one of these files is corrected there.
    reloader.watch_files([str(file) for file in site_files(site_file)])
    site = Site(site_file)
    reloader.watch_files([str(file) for file in package_files(site)])
    site.engines.dispose()
    serve_site(site_file, host=host, port=port, threads=threads, processes=1, worker=worker)


def site_files(path: Path) -> Iterator[Path]:
    """Yield the site file and its seed data."""
    yield path
    yield from sorted(path.parent.glob("data/**/*.toml"))


def package_files(site: Site) -> Iterator[Path]:
    """Yield templates, static files and catalogues."""
    packages = ["civicportal", *(info.package for info in site.plugins)]
    for package in [*packages, *([site.package] if site.package else [])]:
        root = Path(str(files(package)))
        for pattern in PATTERNS:
            yield from (file for file in sorted(root.glob(pattern)) if file.is_file())
