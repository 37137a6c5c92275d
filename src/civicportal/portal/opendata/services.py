"""Reading of builds and files."""

from collections.abc import Sequence

from sqlalchemy import select

from civicportal.core.work import Service
from civicportal.portal.opendata.datasets import datasets_of
from civicportal.portal.opendata.models import DataBuild, DataFile
from civicportal.util.errors import NotFound

SHOWN = 30
"""Builds of a page."""


_NEWEST = select(DataBuild).order_by(DataBuild.id.desc())


class BuildService(Service):
    """The builds and the files of the last successful one."""

    def last(self) -> DataBuild | None:
        """Return the last build that has ended."""
        return self.session.scalar(_NEWEST.where(DataBuild.finished_at.is_not(None)).limit(1))

    def last_good(self) -> DataBuild | None:
        """Return the last successful build."""
        good = (DataBuild.finished_at.is_not(None), DataBuild.error == "")
        return self.session.scalar(_NEWEST.where(*good).limit(1))

    def recent(self) -> Sequence[DataBuild]:
        """Return the last builds, newest first."""
        return self.session.scalars(_NEWEST.limit(SHOWN)).all()

    def files(self) -> dict[str, list[DataFile]]:
        """Return the files of each data set that the site publishes; empty before the first build."""
        published = datasets_of(self.work.site)
        found: dict[str, list[DataFile]] = {}
        for one in self.session.scalars(select(DataFile).order_by(DataFile.dataset, DataFile.format)):
            if one.dataset in published:
                found.setdefault(one.dataset, []).append(one)
        return found

    def file(self, dataset: str, format_: str) -> DataFile:
        """Return a file.

        :raises NotFound: when there is none, or the site does not publish it.
        """
        found = self.session.get(DataFile, (dataset, format_))
        if found is None or dataset not in datasets_of(self.work.site):
            raise NotFound("no such file")
        return found
