"""Cache of compiled templates, shared by all applications of a process."""

from importlib.resources import files
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from pyramid.threadlocal import manager
from pyramid_jinja2 import IJinja2Environment

if TYPE_CHECKING:
    from civicportal.core.site import Site


class CompiledTemplates(BytecodeCache):
    """In-memory bytecode cache of templates, by file and content."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}
        self._keeps = True

    def keep_nothing(self) -> None:
        """Clear and disable the cache: this process assembles no other application."""
        self._keeps = False
        self._codes.clear()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load the bytecode of a template if this content was compiled before."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Store newly compiled bytecode."""
        if bucket.code and self._keeps:
            self._codes[bucket.key, bucket.checksum] = bucket.code


COMPILED = CompiledTemplates()


def load_templates(site: "Site") -> int:
    """Load all templates into memory; return their number.

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
