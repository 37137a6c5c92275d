"""Ordered exports: progress and download."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import FileIter, Response

from civicportal.core.storage import FileMissing
from civicportal.domain.exports.files import CONTENT_TYPES, disposition
from civicportal.domain.exports.models import ExportJob
from civicportal.domain.exports.services import ExportService
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _, format_number
from civicportal.web.request import Request


def mine(request: Request) -> dict[str, object]:
    """List the actor's exports."""
    service = request.work.get(ExportService)
    jobs = service.recent()
    offered = {job.key for job in jobs if service.offers(job)}
    return {"jobs": jobs, "offered": offered, "exports": request.site.exports}


def show(request: Request) -> dict[str, object]:
    """Show the progress of an export."""
    job = _job(request)
    offered = request.work.get(ExportService).offers(job)
    progress = _progress(request, job)
    return {"job": job, "progress": progress, "offered": offered, "exports": request.site.exports}


def progress(request: Request) -> dict[str, object]:
    """Return the progress as JSON."""
    job = _job(request)
    return {"running": job.is_running, "percent": job.percent, "text": _progress(request, job)}


def cancel(request: Request) -> HTTPSeeOther:
    """Cancel an export."""
    service = request.work.get(ExportService)
    stopped = service.cancel(service.own(request.matchdict["key"]))
    told = _("The export is cancelled.") if stopped else _("It was finished already.")
    request.session.flash(request.translate(told), "good")
    return HTTPSeeOther(request.route_path("exports"))


def file(request: Request) -> Response:
    """Send the finished file.

    The download is recorded first, in a separate unit of work.

    :raises NotFound: while it is not finished, after its deletion, and when the right to any of it is gone.
    """
    site = request.site
    job = _finished(request)
    try:
        source = site.storage.open(str(job.file))
    except FileMissing:
        raise NotFound("the file is gone") from None
    with _closed_on_error(source), site.work(actor=request.identity) as work:
        work.get(ExportService).record("take", site.exports[job.name], job.format, job.filters, job.done)
    title = request.translate(site.exports[job.name].title)
    return Response(
        app_iter=FileIter(source),
        content_length=job.size,
        content_type=CONTENT_TYPES[job.format],
        charset="utf-8" if job.format == "csv" else None,
        content_disposition=disposition(site, job.name, title, job.format, job.created_at),
        cache_control="no-store",
    )


def _finished(request: Request) -> ExportJob:
    """Return a downloadable export.

    No unit of work is open while the store is read.
    """
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        service = work.get(ExportService)
        job: ExportJob = service.own(request.matchdict["key"])
        if not service.offers(job):
            raise NotFound("the file is not there")
    return job


@contextmanager
def _closed_on_error(source: BinaryIO) -> Iterator[None]:
    """Close a file that is not sent because of an error."""
    try:
        yield
    except BaseException:
        source.close()
        raise


def _job(request: Request) -> ExportJob:
    job: ExportJob = request.work.get(ExportService).own(request.matchdict["key"])
    return job


def _progress(request: Request, job: ExportJob) -> str:
    """Return the progress of an export, without a total only the rows done."""
    if job.state == "waiting":
        return str(request.translate(_("The export waits for its turn.")))
    numbers = {"done": format_number(job.done, request.locale_name)}
    if job.total is None:
        return str(request.translate(_("${done} rows are written.", mapping=numbers)))
    numbers["total"] = format_number(job.total, request.locale_name)
    return str(request.translate(_("${done} of ${total} rows are written.", mapping=numbers)))
