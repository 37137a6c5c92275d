"""The lists of cases of a site, each of which has an export."""

from collections.abc import Mapping

from civicportal.domain.exports.types import Export


def list_pages(exports: Mapping[str, object]) -> dict[str, Export]:
    """Return the lists of cases by the name of their route.

    :param exports: those of the site.
    """
    found: dict[str, Export] = {}
    for export in exports.values():
        if isinstance(export, Export) and not export.machine:
            found.setdefault(export.route, export)
    return found
