"""Export of the kartable."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from civicportal.domain.accounts.services import AccountService
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.paging import SORTS, Sort
from civicportal.domain.cases.referral import Referral
from civicportal.domain.exports.cases import CaseRow, CaseSource
from civicportal.domain.exports.types import SORT, Export, ExportColumn
from civicportal.domain.kartable.filters import choices, filters_of
from civicportal.domain.kartable.inbox import EVERYWHERE, VIEWS, sorts_of
from civicportal.domain.kartable.rows import holder_id
from civicportal.domain.kartable.schemas import InboxFilters
from civicportal.domain.kartable.team import TEAM_VIEWS, inbox_of
from civicportal.util.i18n import _
from civicportal.util.queries import Record, Rows, Selected
from civicportal.web.schema import Choice, Node

if TYPE_CHECKING:
    from civicportal.core.site import Site

VIEW_CHOICES = [*{**VIEWS, **TEAM_VIEWS}.items(), (EVERYWHERE, _("Search in all cases"))]


class ExportFilters(InboxFilters):
    """The filters of the list and its view."""

    view = Node(Choice(VIEW_CHOICES), title=_("View"), missing="all")


@dataclass(frozen=True, kw_only=True)
class KartableRow(CaseRow):
    """A row of the export.

    :ivar holder: name of the assignee; empty for a whole unit.
    """

    holder: str


class KartableSource(CaseSource):
    """The rows of one view."""

    entities = (Case, Referral)

    @property
    def sort(self) -> Sort:
        """Return the order of the view."""
        offered = sorts_of(self.values["view"])
        named = self.values.get(SORT) or ""
        return SORTS[named if named in offered else offered[0]]

    def query(self, *columns: Selected) -> "Rows":
        """Return the query of the inbox."""
        filters = filters_of(self.values)
        inbox = inbox_of(self.work, filters)
        view = self.values["view"] if self.values["view"] in (*inbox.views, EVERYWHERE) else "all"
        return inbox.query(view, filters, *columns)

    def rows(self, found: Sequence[Record]) -> Iterable[KartableRow]:
        """Return the rows with the names of assignees."""
        names = self.work.get(AccountService).names((holder_id(referral) for _case, referral in found))
        rows = zip(super().rows(found), found, strict=True)
        return [
            KartableRow(**vars(row), holder=names.get(holder_id(referral) or 0, ""))
            for row, (_, referral) in rows
        ]


HOLDER = ExportColumn(name="holder", title=_("Holder"), value=lambda row: row.holder, width=22)


def exports(site: "Site") -> Iterable[Export]:
    """Return the export of the kartable."""
    return (
        Export(
            name="kartable.list",
            title=_("My kartable"),
            permissions=tuple(kind.permission("export") for kind in kinds_of(site).values()),
            route="kartable",
            schema=ExportFilters,
            bindings=choices,
            columns=CaseSource.columns(more=(HOLDER,)),
            source=KartableSource,
        ),
    )
