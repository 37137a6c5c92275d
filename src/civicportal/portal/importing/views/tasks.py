"""Pages of imports: mapping, check, import, and batches."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import BinaryIO

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import FileIter, Response
from translationstring import TranslationString

from civicportal.core.logging import mask_numbers
from civicportal.core.storage import FileMissing
from civicportal.domain.accounts.step_up import ask_proof
from civicportal.domain.cases.kinds import kinds_of
from civicportal.portal.importing.archives import ARCHIVE
from civicportal.portal.importing.batches import importable_kinds, read_mapping
from civicportal.portal.importing.editing import (
    TITLES,
    ValueChoice,
    fields_of,
    notes_of,
    value_fields,
    with_columns,
    with_kind,
    with_order,
    with_tables,
    with_values,
)
from civicportal.portal.importing.errors import MappingError
from civicportal.portal.importing.fields import OPTIONS
from civicportal.portal.importing.mapping import ImportSection, order_of, read_sections, source_of
from civicportal.portal.importing.models import ImportTask
from civicportal.portal.importing.report import read_report
from civicportal.portal.importing.schemas import (
    MappingForm,
    column_count,
    column_schema,
    entity_schema,
    is_required,
    value_names,
    value_schema,
)
from civicportal.portal.importing.tasks import KEPT, SHOWN, ImportTaskService
from civicportal.portal.importing.uploads import MAPPING, uploaded_mapping
from civicportal.util.errors import NotFound, Refused
from civicportal.util.i18n import _, format_number
from civicportal.util.persian import key as key_of
from civicportal.util.values import Values
from civicportal.web.editing import press
from civicportal.web.forms import BoundForm, Button, FormInvalid
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Option, whole_number

LINES = 50
"""Lines of a report on one page."""


def imports(request: Request) -> dict[str, object]:
    """List the prepared imports and the batches."""
    service = request.work.get(ImportTaskService)
    tasks = service.all()
    before = request.GET.get("before", "")
    rows = service.batches(int(before) if before.isdecimal() and len(before) < 18 else None)
    return {
        "tasks": tasks,
        "files": service.files(tasks),
        "batches": rows[:SHOWN],
        "older": rows[SHOWN - 1].id if len(rows) > SHOWN else None,
        "titles": TITLES,
        "kept_days": KEPT.days,
    }


def show(request: Request) -> dict[str, object]:
    """Show an import with its steps."""
    service = request.work.get(ImportTaskService)
    task = service.fetch(request.matchdict["key"])
    contents = service.contents(task)
    # A server has a file for every three months, and what they are is known.
    form = BoundForm(
        request,
        entity_schema([] if task.address else list(contents)),
        initial={f"file_{number}": one.entity for number, one in enumerate(contents.values())},
    )
    lines = Counter[str]()
    for one in contents.values():
        lines[one.entity] += one.lines
    files = service.files([task])[task.id]
    mapping, flaw, unmapped = None, "", 0
    if contents and not task.is_running:
        try:
            mapping = read_mapping(request.site, task.mapping)
            for name in contents:
                mapping.section_of(name)
            unmapped = sum(
                not choice.chosen
                for field in value_fields(request.work, mapping, contents.values())
                for choice in field.choices or ()
            )
        except MappingError as error:
            flaw = error.reason
    return {
        "task": task,
        "archives": [one for one in files if one.name.lower().endswith(ARCHIVE)],
        "contents": contents,
        "lines": lines,
        "form": form,
        "source": source_of(task.mapping),
        "is_valid": mapping is not None and not flaw,
        "flaw": flaw,
        "unmapped": unmapped,
        "tables": read_sections(task.mapping),
        "is_checked": service.is_checked(task),
        "progress": _progress(request, task),
        "titles": TITLES,
        "kept_days": KEPT.days,
    }


def progress(request: Request) -> dict[str, object]:
    """Return the progress as JSON."""
    task = _task(request)
    return {"running": task.is_running, "percent": task.percent, "text": _progress(request, task)}


def entities(request: Request) -> HTTPSeeOther:
    """Save what the lines of each file are."""
    service, task = locked(request)
    contents = service.contents(task)
    if task.address:
        raise NotFound("what the files of a server are is known")
    form = BoundForm(request, entity_schema(list(contents)))
    values = form.validate(request.POST)
    changed = {
        name: replace(one, entity=values[f"file_{number}"])
        for number, (name, one) in enumerate(contents.items())
    }
    extra = kinds_of(request.site)[task.kind].import_columns if task.kind in kinds_of(request.site) else {}
    mapping = with_tables(task.mapping, changed, task.kind, extra)
    return press_step(
        request, task, lambda: service.change(task, mapping, changed), _("The files are assigned.")
    )


def columns(request: Request) -> ViewResult:
    """Show or save the columns of one entity."""
    service, task = locked(request) if request.method == "POST" else _fetched(request)
    entity = request.matchdict["entity"]
    section = read_sections(task.mapping).get(entity)
    if section is None:
        raise NotFound("no such table in the mapping")
    kinds = kinds_of(request.site)
    extra = kinds[section.kind].import_columns if section.kind in kinds else {}
    fields = fields_of(entity, extra)
    own = [one for one in service.contents(task).values() if one.entity == entity]
    headers = list(dict.fromkeys(header for one in own for header in one.headers if header))
    form = BoundForm(
        request,
        column_schema(section, fields, headers),
        initial={"order": order_of(task.mapping), **_present_columns(section, list(fields))},
        bindings={"kinds": kind_options(request)},
        buttons=(Button(title=_("Save and go on"), css_class="btn-primary"),),
    )

    def save(values: Values) -> HTTPSeeOther:
        chosen = {
            name: [
                values[f"{name}_column_{number}"]
                for number in range(1, column_count(section, name) + 1)
                if values[f"{name}_column_{number}"]
            ]
            for name in fields
        }
        defaults = {name: values[f"{name}_default"] for name in fields}
        for name in fields:
            if is_required(entity, name) and not chosen[name] and not defaults[name]:
                form.fail(f"{name}_column_1", _("Choose the column, or write a text for all lines."))
        if form.errors:
            raise FormInvalid
        options = {name: values[f"option_{name}"] for name in OPTIONS if entity == "cases"}
        text = with_columns(task.mapping, entity, chosen, defaults, options)
        if "kind" in values:
            text = with_kind(text, entity, values["kind"])
        text = with_order(text, values["order"])
        try:
            service.change(task, text)
        except Refused as refused:
            form.refuse("", refused.reason)
        names = [*read_sections(text)]
        following = names[names.index(entity) + 1 :]
        if following:
            return HTTPSeeOther(request.route_path("admin.import_columns", key=task.key, entity=following[0]))
        return HTTPSeeOther(request.route_path("admin.import_values", key=task.key))

    context = {"task": task, "entity": entity, "fields": fields, "section": section, "titles": TITLES}
    counts = {name: column_count(section, name) for name in fields}
    required = {name for name in fields if is_required(entity, name)}
    return form.handle(save, **context, counts=counts, required=required, headers=headers)


def values(request: Request) -> ViewResult:
    """Show or save what the texts of the earlier system mean."""
    service, task = locked(request) if request.method == "POST" else _fetched(request)
    try:
        mapping = read_mapping(request.site, task.mapping)
    except MappingError as error:
        request.session.flash(request.translate(error.reason), "bad")
        return HTTPSeeOther(request.route_path("admin.import", key=task.key))
    fields = value_fields(request.work, mapping, service.contents(task).values())
    named = value_names(fields)
    choices = {name: (field.choices or ())[place] for name, field, place in named}
    notes = notes_of(task.mapping)
    form = BoundForm(
        request,
        value_schema(fields, {name: _label(one, notes) for name, one in choices.items()}),
        initial={name: one.chosen for name, one in choices.items() if one.chosen},
        buttons=(Button(title=_("Save and go on"), css_class="btn-primary"),),
    )

    def save(sent: Values) -> HTTPSeeOther:
        changed = [
            replace(one, chosen=sent[name]) for name, one in choices.items() if sent[name] != one.chosen
        ]
        try:
            service.change(task, with_values(task.mapping, changed))
        except Refused as refused:
            form.refuse("", refused.reason)
        return HTTPSeeOther(request.route_path("admin.import", key=task.key))

    groups = [
        (field, [name for name, other, _place in named if other is field], _unmapped(field))
        for field in fields
    ]
    return form.handle(
        save,
        task=task,
        groups=groups,
        titles=TITLES,
        field_titles={entity: fields_of(entity, {}) for entity in TITLES},
    )


def mapping_file(request: Request) -> Response:
    """Send the mapping as a file."""
    task = _task(request)
    return Response(
        body=task.mapping.encode(),
        content_type="application/toml",
        charset="utf-8",
        content_disposition='attachment; filename="mapping.toml"',
        cache_control="no-store",
    )


def mapping(request: Request) -> ViewResult:
    """Show the mapping, or replace it by a file."""
    service, task = locked(request) if request.method == "POST" else _fetched(request)
    form = BoundForm(
        request,
        MappingForm(),
        ignore=(MAPPING,),
        buttons=(Button(title=_("Use this file"), css_class="btn-primary"),),
    )

    def save(_values: Values) -> HTTPSeeOther:
        text = uploaded_mapping(request, form)
        if not text:
            form.refuse("mapping", _("Choose a file."))
        found, contents = read_mapping(request.site, text), service.contents(task)
        try:
            changed = {
                name: replace(one, entity=found.section_of(name).entity) for name, one in contents.items()
            }
            service.change(task, text, changed)
        except MappingError as error:
            form.refuse("mapping", error.reason)
        except Refused as refused:
            form.refuse("", refused.reason)
        request.session.flash(request.translate(_("The mapping is kept.")), "good")
        return HTTPSeeOther(request.route_path("admin.import", key=task.key))

    return form.handle(save, task=task)


def report(request: Request) -> dict[str, object]:
    """Show the lines of the report, page by page."""
    task = _task(request)
    page = whole_number(request.GET.get("page")) or 1
    with closing(_opened(request, task)) as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
        try:
            rows, is_more = read_report(text, (page - 1) * LINES, LINES)
        except csv.Error:
            raise NotFound("the report cannot be read") from None
    return {"task": task, "rows": rows, "page": page, "is_more": is_more}


def report_file(request: Request) -> Response:
    """Send the report as a CSV file; the download is recorded first."""
    with request.site.work(actor=request.identity, locale=request.locale_name) as work:
        service = work.get(ImportTaskService)
        task = service.fetch(request.matchdict["key"])
        service.record_report(task)
    return Response(
        app_iter=FileIter(_opened(request, task)),
        content_type="text/csv",
        charset="utf-8",
        content_disposition='attachment; filename="import-report.csv"',
        cache_control="no-store",
    )


def check(request: Request) -> HTTPSeeOther:
    """Order a check."""
    service, task = locked(request)
    return press_step(request, task, lambda: service.order_check(task), None)


def apply(request: Request) -> HTTPSeeOther:
    """Order the import."""
    key = request.matchdict["key"]
    if asked := ask_proof(request, back=request.route_path("admin.import", key=key)):
        return asked
    service, task = locked(request)
    return press_step(request, task, lambda: service.order_apply(task), None)


def cancel(request: Request) -> HTTPSeeOther:
    """Stop the step that the worker takes."""
    service, task = locked(request)
    told = _("The step is stopped.") if service.cancel(task) else _("It was finished already.")
    request.session.flash(request.translate(told), "good")
    return HTTPSeeOther(request.route_path("admin.import", key=task.key))


def delete(request: Request) -> HTTPSeeOther:
    """Delete a prepared import with its files."""
    back = request.route_path("admin.imports")
    try:
        with request.site.work(actor=request.identity, locale=request.locale_name) as work:
            service = work.get(ImportTaskService)
            keys = service.delete(service.fetch(request.matchdict["key"], lock=True))
    except Refused as refused:
        request.session.flash(request.translate(refused.reason), "bad")
        return HTTPSeeOther(request.route_path("admin.import", key=request.matchdict["key"]))
    for key in keys:
        request.site.storage.delete(key)
    request.session.flash(request.translate(_("The files are deleted.")), "good")
    return HTTPSeeOther(back)


def undo(request: Request) -> ViewResult:
    """Ask, then order to take a batch back."""
    if asked := ask_proof(request):
        return asked
    service = request.work.get(ImportTaskService)
    batch = service.batch(int(request.matchdict["id"]))
    if request.method == "GET":
        return {"batch": batch, "titles": TITLES}
    try:
        task = service.order_undo(batch.id)
    except Refused as refused:
        request.session.flash(request.translate(refused.reason), "bad")
        return HTTPSeeOther(request.route_path("admin.imports"))
    return HTTPSeeOther(request.route_path("admin.import", key=task.key))


def _task(request: Request) -> ImportTask:
    return request.work.get(ImportTaskService).fetch(request.matchdict["key"])


def _fetched(request: Request) -> tuple[ImportTaskService, ImportTask]:
    service = request.work.get(ImportTaskService)
    return service, service.fetch(request.matchdict["key"])


def locked(request: Request) -> tuple[ImportTaskService, ImportTask]:
    service = request.work.get(ImportTaskService)
    return service, service.fetch(request.matchdict["key"], lock=True)


def press_step(
    request: Request, task: ImportTask, act: Callable[[], object], done: TranslationString | None
) -> HTTPSeeOther:
    return press(request, act, done, request.route_path("admin.import", key=task.key))


def kind_options(request: Request) -> list[Option]:
    titles = request.site.kind_titles
    return [Option(value=kind, label=titles.get(kind, kind)) for kind in importable_kinds(request.site)]


def _present_columns(section: ImportSection, fields: Sequence[str]) -> dict[str, str]:
    found = {"kind": section.kind} if section.entity in ("cases", "categories") else {}
    for name in fields:
        for number, header in enumerate(section.columns.get(name, ()), 1):
            found[f"{name}_column_{number}"] = header
        if name in section.defaults:
            found[f"{name}_default"] = section.defaults[name]
    if section.entity == "cases":
        found |= {f"option_{name}": section.option(name) for name in OPTIONS}
    return found


def _label(choice: ValueChoice, notes: Mapping[tuple[str, str, str], str]) -> str:
    """Return a text of the files with what the mapping notes beside it, such as the name of a code."""
    text = mask_numbers(choice.text)
    note = notes.get((choice.entity, choice.field, key_of(choice.text)))
    return f"{text} ({mask_numbers(note)})" if note else text


def _unmapped(field: object) -> int:
    choices = getattr(field, "choices", None) or ()
    return sum(not one.chosen for one in choices)


def _opened(request: Request, task: ImportTask) -> BinaryIO:
    if not task.report:
        raise NotFound("there is no report")
    try:
        return request.site.storage.open(task.report)
    except FileMissing:
        raise NotFound("the report is gone") from None


def _progress(request: Request, task: ImportTask) -> str:
    if task.state == "waiting":
        return request.translate(_("Waits for the worker."))
    numbers: Mapping[str, str] = {
        "done": format_number(task.done, request.locale_name),
        "total": format_number(task.total, request.locale_name),
        "file": task.place,
    }
    if task.step == "read" or not task.total:
        return request.translate(_("${file} is being read.", mapping=numbers)) if task.place else ""
    return request.translate(_("${done} of ${total} lines are done.", mapping=numbers))
