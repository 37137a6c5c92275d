"""Batches of imports, and mappings for a site."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.domain.cases.kinds import kinds_of
from civicportal.portal.importing.contents import read_contents
from civicportal.portal.importing.errors import MappingError
from civicportal.portal.importing.mapping import ImportMapping
from civicportal.portal.importing.models import ImportBatch
from civicportal.portal.importing.sources import SourceFile
from civicportal.portal.importing.suggesting import suggest
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.portal.importing.open311 import Open311Snapshot

SAMPLED = 20_000
"""Rows whose texts are collected for a suggestion."""


def batches(site: "Site") -> Sequence[ImportBatch]:
    """Return all batches, latest first."""
    with site.work(write=False) as work:
        return work.session.scalars(select(ImportBatch).order_by(ImportBatch.id.desc())).all()


def importable_kinds(site: "Site") -> dict[str, tuple[str, ...]]:
    """Return the kinds whose cases can be imported, with their own columns."""
    return {
        kind.name: tuple(kind.import_columns)
        for kind in kinds_of(site).values()
        if kind.import_detail is not None or kind.detail_model is None
    }


def read_mapping(site: "Site", text: str) -> ImportMapping:
    """Parse a mapping file for a site.

    :raises MappingError: names the wrong key.
    """
    return ImportMapping.read(text, kinds=importable_kinds(site))


def suggest_mapping(site: "Site", path: Path, kind: str, *, most: int) -> str:
    """Return a first mapping for a file of cases.

    :param kind: of its cases; empty for the first one of the site.
    :param most: different texts of a column that are listed.
    :raises ImportRefused: when the file cannot be read, or there is no such kind.
    """
    kind = _kind(site, kind)
    found = replace(read_contents(SourceFile(path), most=most, lines=SAMPLED), entity="cases")
    return suggest("old", {path.name: found}, kind, kinds_of(site)[kind].import_columns)


def suggest_open311_mapping(site: "Site", snapshot: "Open311Snapshot", kind: str) -> str:
    """Return a first mapping for an Open311 server.

    :param kind: of its cases; empty for the first one of the site.
    :raises ImportRefused: when the server does not answer as it should, or there is no such kind.
    """
    from civicportal.portal.importing.open311 import suggest_open311

    return suggest_open311(site, snapshot, _kind(site, kind))


def _kind(site: "Site", kind: str) -> str:
    """Return a kind that can be imported.

    :raises MappingError: when there is no such kind.
    """
    kinds = importable_kinds(site)
    kind = kind or next(iter(kinds), "")
    if kind not in kinds:
        raise MappingError(
            _(
                "${kind} is no kind of cases that can be imported: ${kinds}",
                mapping={"kind": repr(kind), "kinds": ", ".join(kinds)},
            )
        )
    return kind
