"""Choice of columns and format.

Small files are sent at once, large ones are ordered.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import BinaryIO

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import FileIter, Response

from civicportal.domain.accounts.step_up import ask_proof, forget_pending, restore
from civicportal.domain.audit.services import AuditService
from civicportal.domain.exports.errors import TooManyRunning
from civicportal.domain.exports.files import CONTENT_TYPES, Cover, disposition, write_rows, write_tables
from civicportal.domain.exports.rows import AWAITED, PATIENCE, ExportQuery, batches, count_few
from civicportal.domain.exports.schemas import ExportEntry
from civicportal.domain.exports.selection import ExportSelection, selection
from civicportal.domain.exports.services import ExportService
from civicportal.domain.exports.types import Export, ExportColumn, ExportDefinition, StatisticsExport
from civicportal.util.i18n import _
from civicportal.web.forms import BoundForm, Button, FormInvalid
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Option

MOST_AT_ONCE = 2000
"""Maximum rows that are written during the request; a second at most."""
MOST_IN_FULL = 500
"""Maximum people whose numbers one file contains in full."""
LIMIT, LIMIT_IN_FULL = "export_officer", "export_numbers"


def choose(request: Request) -> ViewResult:
    """Show the form, and send or order the file."""
    chosen = selection(request)
    export = chosen.export
    form = BoundForm(
        request,
        ExportEntry(),
        bindings={"formats": export.formats, "columns": _options(export)},
        initial={"format": export.formats[0], "columns": _usual(export)},
        buttons=(Button(title=_("Take the file"), css_class="btn-primary"),),
        action=request.path_qs,
    )
    restore(request, form)
    if request.method == "POST":
        try:
            return _take(request, chosen, form)
        except FormInvalid:
            request.response.status_int = 422
    return {
        "form": form,
        "chosen": chosen,
        "is_list": isinstance(export, Export),
        "numbers": isinstance(export, Export) and _is_personal(export.columns),
        "rows": _few(request, chosen) if isinstance(export, Export) else None,
        "most": MOST_AT_ONCE,
    }


def _take(request: Request, chosen: ExportSelection, form: BoundForm) -> ViewResult:
    values = form.validate(request.POST)
    export, format_ = chosen.export, values["format"]
    personal = isinstance(export, Export) and (
        values["full"] or _is_personal(export.chosen(values["columns"]))
    )
    if personal and (asked := ask_proof(request, form, back=request.path_qs)):
        return asked
    request.site.limits.hit(LIMIT, request.identity.user_id)
    if isinstance(export, StatisticsExport):
        return _figures(request, chosen, export, format_)
    if not isinstance(export, Export):
        raise TypeError(f"{export.name} is neither a list nor figures")
    order = ExportQuery(
        export=export,
        values=chosen.values,
        columns=export.spread(request.work, chosen.values, values["columns"]),
        full=values["full"],
        locale=request.locale_name,
    )
    rows = _few(request, chosen)
    if order.full and rows > MOST_IN_FULL:
        mapping = {"most": MOST_IN_FULL}
        form.refuse("full", _("Numbers in full stand in files of at most ${most} rows.", mapping=mapping))
    if rows > MOST_AT_ONCE:
        answer: ViewResult = _order(request, chosen, export, values["columns"], format_)
    else:
        if order.full:
            request.site.limits.hit(LIMIT_IN_FULL, request.identity.user_id)
        answer = _at_once(request, chosen, order, format_)
    forget_pending(request)
    return answer


def _is_personal(columns: Iterable[ExportColumn]) -> bool:
    return any(column.personal for column in columns)


def _at_once(request: Request, chosen: ExportSelection, order: ExportQuery, format_: str) -> Response:
    """Write the file, then the audit entry.

    No file is sent without one.
    """
    number = 0
    shown: list[tuple[str, int, int | None]] = []

    def rows() -> Iterator[Sequence[object]]:
        nonlocal number
        for batch in batches(request.site, request.identity, order, patience=AWAITED):
            number += len(batch.rows)
            shown.extend((verb, *case) for verb, cases in batch.shown.items() for case in cases)
            yield from batch.rows

    cover = _cover(request, chosen)
    answer = _file(
        request,
        chosen,
        format_,
        lambda file: write_rows(request.site, file, format_, order, cover, rows()),
    )
    request.work.get(ExportService).record("make", order.export, format_, chosen.filters, number)
    for verb, case_id, citizen_id in dict.fromkeys(shown):
        request.work.get(AuditService).record(f"reveal:{verb}", subject_id=citizen_id, case_id=case_id)
    return answer


def _figures(request: Request, chosen: ExportSelection, export: StatisticsExport, format_: str) -> Response:
    with request.site.work(
        actor=request.identity, write=False, patience=PATIENCE, locale=request.locale_name
    ) as work:
        tables = export.tables(work, chosen.values)
    cover = _cover(request, chosen)
    answer = _file(
        request, chosen, format_, lambda file: write_tables(request.site, file, format_, tables, cover)
    )
    rows = sum(len(table.rows) for table in tables)
    request.work.get(ExportService).record("make", export, format_, chosen.filters, rows)
    return answer


def _order(
    request: Request, chosen: ExportSelection, export: Export, names: Sequence[str], format_: str
) -> HTTPSeeOther:
    columns = [column.name for column in export.chosen(names)]
    try:
        job = request.work.get(ExportService).order(
            export, format_, columns, chosen.address, chosen.filters, request.locale_name
        )
    except TooManyRunning:
        words = _("Two of your exports are not finished yet. Wait for them, or cancel one.")
        request.session.flash(request.translate(words), "bad")
        return HTTPSeeOther(request.route_path("exports"))
    return HTTPSeeOther(request.route_path("exports.job", key=job.key))


def _file(
    request: Request, chosen: ExportSelection, format_: str, write: Callable[[BinaryIO], None]
) -> Response:
    with ExitStack() as stack:
        file = stack.enter_context(TemporaryFile())
        write(file)
        # The answer closes it.
        stack.pop_all()
    size = file.tell()
    file.seek(0)
    export, now = chosen.export, request.site.clock.now()
    return Response(
        app_iter=FileIter(file),
        content_length=size,
        content_type=CONTENT_TYPES[format_],
        charset="utf-8" if format_ == "csv" else None,
        content_disposition=disposition(
            request.site, export.name, request.translate(export.title), format_, now
        ),
        cache_control="no-store",
    )


def _cover(request: Request, chosen: ExportSelection) -> Cover:
    return Cover(
        title=chosen.export.title,
        filters=chosen.filters,
        by=request.identity.name,
        at=request.site.clock.now(),
        locale=request.locale_name,
    )


def _few(request: Request, chosen: ExportSelection) -> int:
    """Return the number of rows, counted up to the maximum."""
    export = chosen.export
    assert isinstance(export, Export)
    order = ExportQuery(export=export, values=chosen.values, columns=export.chosen())
    return count_few(request.site, request.identity, order, MOST_AT_ONCE)


def _options(export: ExportDefinition) -> list[Option]:
    if not isinstance(export, Export):
        return []
    return [_option(column) for column in export.columns]


def _option(column: ExportColumn) -> Option:
    hint = _("Only of cases whose citizen you may know.") if column.personal else column.hint
    return Option(value=column.name, label=column.title, hint=hint)


def _usual(export: ExportDefinition) -> list[str]:
    return [column.name for column in export.chosen()] if isinstance(export, Export) else []
