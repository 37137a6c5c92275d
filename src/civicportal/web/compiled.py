"""Compiled templates, cached in memory for all applications of a process and on disk beside the compiled modules."""

import hashlib
import marshal
import os
import sys
import tempfile
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, cast

import jinja2
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from pyramid.threadlocal import manager
from pyramid_jinja2 import IJinja2Environment

from civicportal import __version__

if TYPE_CHECKING:
    from civicportal.core.site import Site

FOLDER = Path(__file__).parent / "__pycache__"
"""Trusted as far as the compiled modules in it: write access to it is write access to the code of the portal."""


class CompiledTemplates(BytecodeCache):
    """Caches the code of templates by file, text and the settings that it was compiled with.

    Compiling all templates takes half of the CPU time of a server's start. As with modules, nothing is written where the folder is
    not writable or ``PYTHONDONTWRITEBYTECODE`` is set.

    :param folder: of the files; None caches in memory only.
    """

    def __init__(self, folder: Path | None = FOLDER) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}
        self._keeps = True
        self._folder = folder

    def keep_nothing(self) -> None:
        """Clear the memory and keep nothing more in it: this process assembles no other application."""
        self._keeps = False
        self._codes.clear()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load the bytecode of a template if this content was compiled before."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))
        if bucket.code is None and self._folder:
            bucket.code = self._read(bucket, self._path(bucket, self._folder))
            self._keep(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what has just been compiled."""
        self._keep(bucket)
        if self._folder and not sys.dont_write_bytecode:
            with suppress(OSError):
                self._write(bucket, self._path(bucket, self._folder))

    def _keep(self, bucket: Bucket) -> None:
        if bucket.code and self._keeps:
            self._codes[bucket.key, bucket.checksum] = bucket.code

    @staticmethod
    def _path(bucket: Bucket, folder: Path) -> Path:
        """Return the file of a template; it holds the checksum of the text, so a changed text replaces it."""
        name = hashlib.sha256(f"{bucket.key} {_settings(bucket.environment)}".encode()).hexdigest()[:32]
        return folder / f"template-{name}.{sys.implementation.cache_tag}.pyc"

    @staticmethod
    def _read(bucket: Bucket, path: Path) -> CodeType | None:
        """Return the code of a file if it is that of this text and whole."""
        with suppress(OSError, EOFError, ValueError, TypeError):
            checksum, _line, code = path.read_bytes().partition(b"\n")
            if checksum == bucket.checksum.encode():
                return cast("CodeType", marshal.loads(code))  # noqa: S302 - as trusted as a compiled module
        return None

    @staticmethod
    def _write(bucket: Bucket, path: Path) -> None:
        """Write a file that other processes see whole or not at all."""
        handle, part = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(bucket.checksum.encode() + b"\n" + marshal.dumps(bucket.code))
            Path(part).chmod(0o644)
            Path(part).replace(path)
        except BaseException:
            Path(part).unlink()
            raise


def _settings(environment: Environment) -> str:
    """Return what the code of a template depends on beside its text."""
    names = ("trim_blocks", "lstrip_blocks", "autoescape", "newstyle_gettext", "is_async", "undefined")
    values = [str(getattr(environment, name, "")) for name in names]
    return " ".join((__version__, jinja2.__version__, *values, *sorted(environment.extensions)))


COMPILED = CompiledTemplates()


def load_templates(site: "Site") -> int:
    """Load all templates of a site, its plugins and the core into memory; return their number.

    Pages of a running server then always fit its code, even if files are replaced.
    """
    environment = site.registry.getUtility(IJinja2Environment, name=".jinja2")
    packages = [
        "civicportal",
        *(info.package for info in site.plugins),
        *([site.package] if site.package else []),
    ]
    names = [
        f"{package}:{path.relative_to(root).as_posix()}"
        for package in packages
        for root in [Path(str(files(package)))]
        for path in sorted(root.glob("**/templates/**/*.jinja2"))
    ]
    # Overrides of a site are found in the registry of the thread, which is that of a request only while there is one.
    manager.push({"registry": site.registry, "request": None})
    try:
        for name in names:
            environment.get_template(name)
    finally:
        manager.pop()
    return len(names)
