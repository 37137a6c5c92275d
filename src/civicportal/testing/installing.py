"""Temporary plugins and site packages, built from functions of a test."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from civicportal.core.installed import COMMANDS, PLUGINS

Implementation = Callable[..., object]


class Installer:
    """Write packages into a folder on the path.

    :param folder: a new one.
    """

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._patch = patch
        patch.syspath_prepend(str(folder))

    def plugin(
        self,
        name: str,
        *implementations: Implementation,
        files: Mapping[str, str] | None = None,
        requires: str = "civicportal",
        commands: Mapping[str, str] | None = None,
    ) -> ModuleType:
        """Install a distribution with one plugin; a site lists it as ``name``.

        :param implementations: functions marked with ``hookimpl``.
        :param files: further files of its package: path to text.
        :param requires: dependencies of its distribution.
        :param commands: its commands: name to attribute of its module ``commands``, which is one of ``files``.
        :returns: the plugin's module.
        """
        module = self.package(f"{name}_package", *implementations, files=files)
        info = self._folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: {requires}\n"
        )
        points = [f"[{PLUGINS}]", f"{name} = {module.__name__}", f"[{COMMANDS}]"]
        points += [f"{one} = {name}_package.commands:{place}" for one, place in (commands or {}).items()]
        (info / "entry_points.txt").write_text("\n".join([*points, ""]))
        self._patch.syspath_prepend(str(self._folder))
        return module

    def package(
        self, name: str, *implementations: Implementation, files: Mapping[str, str] | None = None
    ) -> ModuleType:
        """Install a package as a site's ``package``.

        Its module ``plugin`` contains the implementations.
        """
        written = {"__init__.py": '__version__ = "1.0"\n', "plugin.py": "", **(files or {})}
        for path, text in written.items():
            target = self._folder / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        module = import_module(f"{name}.plugin")
        for implementation in implementations:
            # Pyramid finds templates and files by the module of a function.
            implementation.__module__ = module.__name__
            setattr(module, implementation.__name__, implementation)
        return module

    @staticmethod
    def folder_of(module: ModuleType) -> Path:
        """Return the folder of a module's package."""
        return Path(str(module.__file__)).parent

    def forget(self) -> None:
        """Remove the modules from ``sys.modules``."""
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", "")).startswith(str(self._folder)):
                del sys.modules[name]
