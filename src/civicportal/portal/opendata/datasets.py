"""Data sets: their columns and rows, declared once for every format, the page and the descriptions."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Literal

from translationstring import TranslationString

from civicportal.core.plugins import collect
from civicportal.core.site import SiteKey
from civicportal.util.errors import ConfigurationError
from civicportal.util.geo import Bounds, Point

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

COLUMN_KINDS = ("text", "integer", "number", "day", "moment", "flag")
DataValue = str | int | float | date | Bounds | None
DataRow = Sequence[DataValue]
"""A row of a data set: a value for each column, and its place at the end if the set is located."""
_DATASET = re.compile(r"[a-z][a-z0-9_]{0,29}(\.[a-z][a-z0-9_]{0,29})?")
_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, kw_only=True)
class DatasetColumn:
    """A column of a data set.

    :ivar name: ASCII, unique in the data set.
    :ivar kind: "text", "integer", "number", "day" (date), "moment" (aware datetime) or "flag" (bool); every value may
        be None.
    :ivar unit: unit of measurement, for instance ``_("working hours")``; empty if there is none.
    """

    name: str
    kind: Literal["text", "integer", "number", "day", "moment", "flag"] = "text"
    description: TranslationString
    unit: TranslationString | str = ""


@dataclass(frozen=True, kw_only=True)
class OpenDataset:
    """Public data that are written to files every night.

    :ivar name: ``<plugin>.<what>``, unique; used in URLs.
    :ivar description: what a row is, and what is left out.
    :ivar rows: yields the rows in a fixed order, with a value for each column; opens units of work of its own.
        It must read in batches, and yield public data only.
    :ivar located: each row has one more value at its end, the :class:`~civicportal.api.geo.Bounds` of its place or None;
        such a data set has geographic formats too.
    :cvar Column: declares a column.
    :ivar release: called before the rows are read, with a day: decides what of the time before it is published.
        Without one the rows are always current.
    """

    name: str
    title: TranslationString
    description: TranslationString
    columns: tuple[DatasetColumn, ...]
    rows: Callable[["Site"], Iterator[Sequence[str | int | float | date | Bounds | None]]]
    located: bool = False
    release: Callable[["Site", date], None] | None = None

    Column: ClassVar[type[DatasetColumn]] = DatasetColumn

    @classmethod
    def of_cases(
        cls,
        *,
        name: str,
        kind: str,
        title: TranslationString,
        description: TranslationString,
        places: Callable[["Work", Sequence[int]], Mapping[int, tuple[Point | None, str]]],
    ) -> "OpenDataset":
        """Return the data set of the closed and published cases of a kind, without texts and persons.

        Only cases are in it that an officer has published, in categories whose cases are published by default. They are
        released once a month in groups of at least five with the same details.

        :param places: returns, for ids of cases, the point (or None) and the name of the district (or an empty text).
        """
        from civicportal.portal.opendata.cases import case_dataset

        return case_dataset(name=name, kind=kind, title=title, description=description, places=places)

    @property
    def flaw(self) -> str:
        """Return the error in the definition, or an empty text."""
        names = [column.name for column in self.columns]
        if not _DATASET.fullmatch(self.name):
            return f"the name {self.name!r} cannot be part of a URL"
        if len(set(names)) != len(names) or not all(map(_COLUMN.fullmatch, names)):
            return f"the names of its columns are not unique, or not lower-case ASCII: {', '.join(names)}"
        wrong = [column.name for column in self.columns if column.kind not in COLUMN_KINDS]
        return f"the columns {', '.join(wrong)} are of an unknown kind" if wrong else ""


_DATASETS: SiteKey[Mapping[str, OpenDataset]] = SiteKey("data sets")


def collect_datasets(site: "Site") -> None:
    """Collect the data sets of core, plugins and site.

    :raises ConfigurationError: when two have the same name or a definition is invalid, or the site leaves out one that
        does not exist.
    """
    found: dict[str, OpenDataset] = collect(
        site.hooks, "register_datasets", lambda one: one.name, owners=site.owners, site=site
    )
    flaws = [f"the data set {one.name!r}: {one.flaw}" for one in found.values() if one.flaw]
    flaws += [
        f"open_data.without: there is no data set {name!r}; there are {', '.join(found)}"
        for name in site.settings["open_data"]["without"]
        if name not in found
    ]
    if flaws:
        raise ConfigurationError("\n".join(flaws))
    site[_DATASETS] = found


def all_datasets(site: "Site") -> Mapping[str, OpenDataset]:
    """Return every data set, by name."""
    return site[_DATASETS]


def datasets_of(site: "Site") -> dict[str, OpenDataset]:
    """Return the data sets that the site publishes, by name; none if open data are switched off."""
    table = site.settings["open_data"]
    if not table["enabled"]:
        return {}
    return {name: one for name, one in site[_DATASETS].items() if name not in table["without"]}
