"""Pages that take what is imported: files, a server, and archives of pictures."""

from collections.abc import Iterable
from typing import BinaryIO

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.core.outgoing.client import GuardedClient
from civicportal.core.storage import new_key
from civicportal.domain.accounts.step_up import ask_proof, forget_pending, restore
from civicportal.portal.importing.archives import ARCHIVE
from civicportal.portal.importing.editing import empty_mapping
from civicportal.portal.importing.open311 import host_of
from civicportal.portal.importing.schemas import PicturesForm, ServerForm, UploadForm
from civicportal.portal.importing.tasks import KEPT, ImportTaskService
from civicportal.portal.importing.uploads import MAPPING, TABLES, uploaded_files, uploaded_mapping
from civicportal.portal.importing.views.tasks import kind_options, locked, press_step
from civicportal.util.errors import Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.request import Request, ViewResult


def new(request: Request) -> ViewResult:
    """Take files, which the worker reads."""
    if asked := ask_proof(request):
        return asked
    kinds = kind_options(request)
    form = BoundForm(
        request,
        UploadForm(),
        bindings={"kinds": kinds},
        initial={"kind": kinds[0].value} if len(kinds) == 1 else {},
        ignore=(TABLES, MAPPING),
        buttons=(Button(title=_("Upload"), css_class="btn-primary"),),
    )

    def save(values: Values) -> HTTPSeeOther:
        try:
            with request.site.work(write=False, locale=request.locale_name) as work:
                work.get(ImportTaskService).refuse_full()
        except Refused as refused:
            form.refuse("", refused.reason)
        uploads = uploaded_files(request, form)
        mapping = uploaded_mapping(request, form) or empty_mapping(values["source"])
        # No unit of work is open while the files are stored.
        files = _stored(request, uploads)
        task = request.work.get(ImportTaskService).add(files, values["kind"], mapping)
        return HTTPSeeOther(request.route_path("admin.import", key=task.key))

    return form.handle(save, kept_days=KEPT.days)


def server(request: Request) -> ViewResult:
    """Take the address of an Open311 server, which the worker reads."""
    kinds = kind_options(request)
    form = BoundForm(
        request,
        ServerForm(),
        bindings={"kinds": kinds},
        initial={"kind": kinds[0].value} if len(kinds) == 1 else {},
        ignore=(MAPPING,),
        buttons=(Button(title=_("Read the server"), css_class="btn-primary"),),
    )
    if asked := ask_proof(request, form):
        return asked
    restore(request, form)

    def save(values: Values) -> HTTPSeeOther:
        try:
            address = GuardedClient.checked(request.site, values["address"].rstrip("/"))
        except Refused as refused:
            form.refuse("address", refused.reason)
        source = values["source"] or host_of(address)
        mapping = uploaded_mapping(request, form) or empty_mapping(source)
        service = request.work.get(ImportTaskService)
        try:
            service.refuse_full()
        except Refused as refused:
            form.refuse("", refused.reason)
        days = (values["first_day"], values["last_day"])
        task = service.add_server(address, values["jurisdiction"], days, values["kind"], mapping)
        forget_pending(request)
        return HTTPSeeOther(request.route_path("admin.import", key=task.key))

    return form.handle(save, kept_days=KEPT.days)


def read(request: Request) -> HTTPSeeOther:
    """Order to read the server again."""
    key = request.matchdict["key"]
    if asked := ask_proof(request, back=request.route_path("admin.import", key=key)):
        return asked
    service, task = locked(request)
    return press_step(request, task, lambda: service.order_read(task), None)


def pictures(request: Request) -> ViewResult:
    """Take more archives of pictures."""
    if asked := ask_proof(request):
        return asked
    key = request.matchdict["key"]
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        task = work.get(ImportTaskService).fetch(key)
    form = BoundForm(
        request,
        PicturesForm(),
        ignore=(TABLES,),
        buttons=(Button(title=_("Upload"), css_class="btn-primary"),),
    )

    def save(_values: Values) -> HTTPSeeOther:
        # No unit of work is open while the files are stored.
        files = _stored(request, uploaded_files(request, form, (ARCHIVE,)))
        service, present = locked(request)
        try:
            service.add_pictures(present, files)
        except Refused as refused:
            form.refuse("tables", refused.reason)
        request.session.flash(request.translate(_("The pictures are kept. Check the files again.")), "good")
        return HTTPSeeOther(request.route_path("admin.import", key=key))

    return form.handle(save, task=task)


def _stored(request: Request, uploads: Iterable[tuple[str, int, BinaryIO]]) -> list[tuple[str, str, int]]:
    """Store uploaded files; return name, key and size of each."""
    found = []
    for name, size, content in uploads:
        key = new_key()
        request.site.storage.put(key, content)
        found.append((name, key, size))
    return found
