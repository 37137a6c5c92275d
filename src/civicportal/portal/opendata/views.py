"""The catalogue of open data, its files, and the page of administrators."""

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.response import Response
from webob.static import FileIter

from civicportal.core.jobs import JobRun
from civicportal.core.storage import FileMissing
from civicportal.portal.opendata.catalogue import as_json_ld, as_turtle, describe
from civicportal.portal.opendata.datasets import OpenDataset, all_datasets, datasets_of
from civicportal.portal.opendata.descriptions import KINDS, fields_text
from civicportal.portal.opendata.formats import FORMATS, formats_of
from civicportal.portal.opendata.jobs import NAME, request_build
from civicportal.portal.opendata.organization import FIGURES, FigureService
from civicportal.portal.opendata.services import BuildService
from civicportal.portal.worker.heartbeat import WorkerService
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.web.feeds import absolute
from civicportal.web.request import Request

CATALOGUES = {"ttl": (as_turtle, "text/turtle"), "jsonld": (as_json_ld, "application/ld+json")}
EMBEDDED_MONTHS = 6
SECONDS = 3600
"""Life of a file in caches."""


class _StoredFile(FileIter):
    """Yields the bytes of a file, or of a part of it."""

    def close(self) -> None:
        """Close the file of a response without a body."""
        self.file.close()


def catalogue(request: Request) -> dict[str, object]:
    """List the data sets with their files and columns."""
    datasets = _published(request)
    service = request.work.get(BuildService)
    table = request.site.settings["open_data"]
    return {
        "datasets": list(datasets.values()),
        "files": service.files(),
        "formats": FORMATS,
        "kinds": KINDS,
        "built": service.last_good(),
        "missing": [one for one in FORMATS.values() if not one.is_available],
        "embed_hosts": list(table["embed_hosts"]) if FIGURES in datasets else [],
        "embed_address": absolute(request, request.route_path("open_data_embed")),
        "licence": table["licence"],
        "licence_name": table["licence_name"],
    }


def fields(request: Request) -> Response:
    """Describe all columns in plain text."""
    response = request.response
    response.text = fields_text(request, _published(request).values())
    response.content_type, response.charset = "text/plain", "utf-8"
    # Its words are in the language of the cookie.
    response.vary = ("Cookie",)
    return _for_everybody(response)


def harvest(request: Request) -> Response:
    """Describe the catalogue as DCAT-AP 3."""
    datasets = list(_published(request).values())
    service = request.work.get(BuildService)
    described = describe(request, datasets, service.files(), service.last_good())
    write, content_type = CATALOGUES[request.matchdict["format"]]
    response = request.response
    response.text = write(described)
    response.content_type, response.charset = content_type, "utf-8"
    response.md5_etag()
    response.conditional_response = True
    return _for_everybody(response)


def embedded(request: Request) -> dict[str, object]:
    """Show the figures of the last months in a frame of another site, without anything of the person who looks."""
    hosts = request.site.settings["open_data"]["embed_hosts"]
    if not hosts or FIGURES not in _published(request):
        raise HTTPNotFound
    request.framed_by = hosts
    return {"services": request.work.get(FigureService).latest(EMBEDDED_MONTHS)}


def file(request: Request) -> Response:
    """Serve a file, or the requested part of it."""
    _published(request)
    name, format_ = request.matchdict["dataset"], request.matchdict["format"]
    try:
        found = request.work.get(BuildService).file(name, format_)
        stream = request.site.storage.open(found.key)
    except (NotFound, FileMissing):
        raise HTTPNotFound from None
    response = Response(
        app_iter=_StoredFile(stream),
        content_length=found.size,
        accept_ranges="bytes",
        etag=found.sha256,
        last_modified=found.changed_at,
        conditional_response=True,
        content_disposition=f'inline; filename="{name}.{format_}"',
    )
    response.headers["Content-Type"] = FORMATS[format_].content_type
    return _for_everybody(response)


def _for_everybody(response: Response) -> Response:
    """Let caches keep a response, and pages of other sites read it, without cookies."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.cache_control = f"public, max-age={SECONDS}"
    return response


def _published(request: Request) -> dict[str, OpenDataset]:
    """Return the data sets of the site.

    :raises HTTPNotFound: when it publishes none.
    """
    found = datasets_of(request.site)
    if not found:
        raise HTTPNotFound
    return found


# -- administrators ------------------------------------------------------------------------------------------


def administration(request: Request) -> dict[str, object]:
    """Show the last builds, and what is published."""
    service = request.work.get(BuildService)
    run = request.work.session.get(JobRun, NAME)
    is_running = (
        run is not None and run.locked_until is not None and run.locked_until > request.work.clock.now()
    )
    return {
        "enabled": bool(request.site.settings["open_data"]["enabled"]),
        "published": datasets_of(request.site),
        "datasets": list(all_datasets(request.site).values()),
        "formats_of": formats_of,
        "files": service.files(),
        "formats": FORMATS,
        "builds": service.recent(),
        "last": service.last(),
        "last_good": service.last_good(),
        "next_at": run.next_at if run else None,
        "is_running": is_running,
        "is_any_worker": request.work.get(WorkerService).is_any_running,
    }


def build_now(request: Request) -> HTTPSeeOther:
    """Make the build due."""
    _published(request)
    request_build(request.work)
    request.session.flash(request.translate(_("The build begins within a minute.")), "good")
    return HTTPSeeOther(request.route_path("admin.open_data"))
