"""A list on paper: A4 with letterhead, the filters in words, and no more rows than anybody reads."""

from typing import Any

from civicportal.errors import NotFound
from civicportal.exports.files import narrowest
from civicportal.exports.rows import Order, batches, count_few
from civicportal.exports.selection import selection
from civicportal.exports.services import ExportService
from civicportal.exports.types import Export

MOST_PRINTED = 500


def printed(request: Any) -> dict[str, Any]:
    """Show the list as it is printed; that somebody did is written first, in a unit of work of its own.

    :raises NotFound: when there is no such list.
    """
    chosen = selection(request)
    export = chosen.export
    if not isinstance(export, Export) or export.machine:
        raise NotFound("no such list")
    order = Order(export=export, values=chosen.values, columns=narrowest(export.columns))
    batch = next(batches(request.site, request.identity, order, size=MOST_PRINTED), None)
    rows = batch.rows if batch else []
    more = len(rows) == MOST_PRINTED and (
        count_few(request.site, request.identity, order, MOST_PRINTED) > MOST_PRINTED
    )
    with request.site.work(actor=request.identity) as work:
        work.get(ExportService).record("print", export, "paper", chosen.filters, len(rows))
    return {"chosen": chosen, "columns": order.columns, "rows": rows, "more": more}
