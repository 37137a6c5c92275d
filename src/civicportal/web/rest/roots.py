"""Addresses of programs: below them tokens count and cookies do not, and refusals are documents instead of pages."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.response import Response

from civicportal.util.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True)
class ApiRoot:
    """An address below which programs call, see :func:`add_api_root`."""

    prefix: str
    refuse: Callable[[str, int, str, str], Response]
    key_field: str
    file_fields: Collection[str]


def add_api_root(
    config: Configurator,
    prefix: str,
    refuse: Callable[[str, int, str, str], Response],
    *,
    key_field: str = "",
    file_fields: Collection[str] = (),
) -> None:
    """Add an address below which programs call, such as that of a standard with rules of its own.

    Views below it may have the option ``scope``; cookies do not count there, so there is no CSRF.

    :param prefix: beginning of the paths, with a slash at its end.
    :param refuse: returns the answer to a refused call: of the path, the status, its title, and what is wrong, both for
        people; the latter may be empty.
    :param key_field: field of a form in which the token may be sent, besides the header ``Authorization``.
    :param file_fields: further names of fields in which forms may contain files.
    :raises ConfigurationError: when it overlaps with another one.
    """
    registry = config.registry
    for other in getattr(registry, "api_roots", ()):
        if other.prefix.startswith(prefix) or prefix.startswith(other.prefix):
            raise ConfigurationError(f"two parts of the portal want the address {prefix!r} for programs")
    root = ApiRoot(prefix=prefix, refuse=refuse, key_field=key_field, file_fields=file_fields)
    registry.api_roots = [*getattr(registry, "api_roots", ()), root]
    registry.api_prefixes = tuple(one.prefix for one in registry.api_roots)


def root_of(registry: Registry, path: str) -> ApiRoot | None:
    """Return the address of programs to which a path belongs, None for a page."""
    roots: list[ApiRoot] = getattr(registry, "api_roots", [])
    return next((root for root in roots if path.startswith(root.prefix)), None)
