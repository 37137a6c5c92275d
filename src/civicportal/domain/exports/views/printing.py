"""A printable list."""

from collections.abc import Sequence

from civicportal.domain.accounts.step_up import ask_proof
from civicportal.domain.exports.files import narrowest
from civicportal.domain.exports.rows import AWAITED, ExportQuery, batches, count
from civicportal.domain.exports.selection import selection
from civicportal.domain.exports.services import ExportService
from civicportal.domain.exports.types import Export
from civicportal.util.errors import NotFound
from civicportal.util.lists import MOST_COUNTED, Total, capped_total
from civicportal.web.request import Request, ViewResult

MOST_PRINTED = 500
LIMIT = "export_print"


def printed(request: Request) -> ViewResult:
    """Show the printable list.

    The printing is recorded first, in a separate unit of work.

    :raises NotFound: when there is no such list.
    :raises LimitExceeded: when this person has printed too much.
    """
    chosen = selection(request)
    export = chosen.export
    if not isinstance(export, Export) or export.machine:
        raise NotFound("no such list")
    columns, locale = narrowest(export.columns), request.locale_name
    order = ExportQuery(export=export, values=chosen.values, columns=columns, locale=locale)
    if any(column.personal for column in order.columns) and (asked := ask_proof(request)):
        return asked
    request.site.limits.hit(LIMIT, request.identity.user_id)
    rows, total = _first_rows(request, order)
    with request.site.work(actor=request.identity, locale=request.locale_name) as work:
        work.get(ExportService).record("print", export, "paper", chosen.filters, len(rows))
    return {"chosen": chosen, "columns": order.columns, "rows": rows, "total": total}


def _first_rows(request: Request, order: ExportQuery) -> tuple[Sequence[Sequence[object]], Total]:
    """Return the first rows of the list, and its length.

    One row more than is printed is read, to know whether there are others.
    """
    site, actor = request.site, request.identity
    found = batches(site, actor, order, size=MOST_PRINTED, most=MOST_PRINTED + 1, patience=AWAITED)
    rows = [batch.rows for batch in found]
    if len(rows) < 2:
        first = rows[0] if rows else []
        return first, Total(len(first))
    counted = count(site, actor, order, MOST_COUNTED + 1, patience=0)
    return rows[0], capped_total(counted, MOST_COUNTED) if counted else Total(MOST_PRINTED, exact=False)
