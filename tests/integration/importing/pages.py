"""The pages of imports as a browser without script uses them, and their worker."""

from sqlalchemy import func, select
from webtest import Upload

from civicportal.domain.cases.models import Case
from civicportal.portal.importing import working
from civicportal.portal.importing.models import ImportTask

from . import legacy

LIST = "/admin/imports"


def tables(cases=legacy.CASES, history=legacy.HISTORY):
    """Return the two files as a browser sends them."""
    return [
        Upload("requests.csv", legacy.text_of(legacy.HEADERS, cases).encode("utf-8-sig")),
        Upload("history.csv", legacy.text_of(legacy.HISTORY_HEADERS, history).encode()),
    ]


def upload(app, files, *, mapping=None, source="سامانهٔ ۱۳۷", status=303):
    """Send the form of a new import."""
    fields = [("source", source), ("kind", "reports")]
    if mapping is not None:
        fields.append(("mapping_files", Upload("mapping.toml", mapping.encode())))
    return send(app, f"{LIST}/new", files, fields, status=status)


def send(app, address, files, fields=(), *, status=303):
    """Send a form with files."""
    page = app.get(address)
    token = page.forms[next(iter(page.forms))]["csrf_token"].value
    fields = [("csrf_token", token), *fields, *(("tables_files", file) for file in files)]
    return app.post(address, fields, content_type="multipart/form-data", status=status)


def button(page, ending):
    return next(form for form in page.forms.values() if form.action.endswith(ending))


def form_of(page, field):
    return next(form for form in page.forms.values() if field in form.fields)


def taken(site, app, page):
    """Let the worker take the ordered steps; return the page of the import afterwards."""
    working.run_waiting(site)
    return app.get(page.request.path)


def uploaded(site, app, files=None, **options):
    return taken(site, app, upload(app, files or tables(), **options).follow())


def number_of_cases(site):
    with site.work(write=False) as work:
        return work.session.scalar(select(func.count()).select_from(Case))


def task_of(site):
    with site.work(write=False) as work:
        return work.session.scalars(select(ImportTask).order_by(ImportTask.id.desc())).first()
