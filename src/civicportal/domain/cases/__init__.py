"""Cases: the data, rules and pages that all services share."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission
from civicportal.core.site import Site
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.marking import marked, snippet
from civicportal.domain.cases.subjects import subject
from civicportal.util.errors import ConfigurationError
from civicportal.web.events import SessionReplaced
from civicportal.web.pages import add_pages
from civicportal.web.templating import add_filters

ROUTES = {
    "uploads": "/uploads",
    "upload_remove": r"/uploads/{key:[\w-]{22}}/remove",
    "attachment": r"/attachments/{key:[\w-]{22}}",
    "attachment_small": r"/attachments/{key:[\w-]{22}}/small",
    "my": "/my",
    # Before the routes with a code, because the first match is taken.
    "followed": r"/my/followed/{id:\d{1,18}}",
    "followed_rate": r"/my/followed/{id:\d{1,18}}/rate",
    "followed_notices": r"/my/followed/{id:\d{1,18}}/notices",
    "followed_note": r"/my/followed/{id:\d{1,18}}/note",
    "followed_stop": r"/my/followed/{id:\d{1,18}}/stop",
    "my_case": r"/my/{code:\d{10}}",
    "my_rate": r"/my/{code:\d{10}}/rate",
    "my_object": r"/my/{code:\d{10}}/object",
    "my_notices": r"/my/{code:\d{10}}/notices",
    "my_note": r"/my/{code:\d{10}}/note",
    "my_step": r"/my/{code:\d{10}}/{step}",
    "track": "/track",
    "track_code": "/track/code",
    "track_case": r"/track/{code:\d{10}}",
    "call": "/desk/call",
    "call.person": "/desk/call/person",
}
#: Route, view, template or renderer, permission, method.
VIEWS = (
    ("uploads", "files.upload", "json", PagePermission.EVERYBODY, "POST"),
    ("upload_remove", "files.remove", "json", PagePermission.EVERYBODY, "POST"),
    ("attachment", "files.large", None, PagePermission.EVERYBODY, "GET"),
    ("attachment_small", "files.small", None, PagePermission.EVERYBODY, "GET"),
    ("my", "own.cases", "cases", PagePermission.CITIZEN, "GET"),
    ("my_case", "own.case", "case", PagePermission.CITIZEN, "GET"),
    ("my_rate", "own.rate", "case", PagePermission.CITIZEN, "POST"),
    ("my_object", "own.object_", "case", PagePermission.CITIZEN, "POST"),
    ("my_notices", "own.notices", "case", PagePermission.CITIZEN, "POST"),
    ("my_note", "own.note", "case", PagePermission.CITIZEN, "POST"),
    ("my_step", "own.confirm", "confirm", PagePermission.CITIZEN, "GET"),
    ("my_step", "own.step", "case", PagePermission.CITIZEN, "POST"),
    ("followed", "followed.show", "public_case", PagePermission.CITIZEN, "GET"),
    ("followed_rate", "followed.rate", "public_case", PagePermission.CITIZEN, "POST"),
    ("followed_notices", "followed.notices", "public_case", PagePermission.CITIZEN, "POST"),
    ("followed_note", "followed.note", "public_case", PagePermission.CITIZEN, "POST"),
    ("followed_stop", "followed.stop", None, PagePermission.CITIZEN, "POST"),
    ("track", "track.ask", "track", PagePermission.EVERYBODY, "GET"),
    ("track", "track.check", "track", PagePermission.EVERYBODY, "POST"),
    ("track_code", "track.back_to_form", None, PagePermission.EVERYBODY, "GET"),
    ("track_case", "track.show", "public_case", PagePermission.EVERYBODY, "GET"),
    ("call", "callers.call", "call", PagePermission.STAFF, ("GET", "POST")),
    ("call.person", "callers.person", "caller_piece", PagePermission.STAFF, "POST"),
)


#: Reserved: a citizens' transition with one of these names would have the same address as a page.
RESERVED = frozenset({"rate", "object", "notices", "note"})


def includeme(config: Configurator) -> None:
    """Add the pages of citizens.

    :raises ConfigurationError: when a transition has the name of another action of citizens on a case.
    """
    _refuse_reserved(config.registry.site)
    config.add_exception_view("civicportal.domain.cases.views.refused.refused", context=Refused)
    config.add_subscriber("civicportal.domain.cases.uploads.keep_uploads", SessionReplaced)
    config.add_request_method("civicportal.domain.cases.finding.typed_number", reify=True)
    config.add_request_method("civicportal.domain.cases.uploads.take_files")
    add_filters(config, marked=marked, snippet=snippet, subject=subject)
    # A tracking code, not a one-time code.
    config.add_open_fields("track_code", "code")
    add_pages(
        config, ROUTES, VIEWS, views="civicportal.domain.cases.views", templates="civicportal:templates/cases"
    )
    # The box is on pages that are cached for everyone and contain no token.
    config.add_view(
        "civicportal.domain.cases.views.track.take_code",
        route_name="track_code",
        request_method="POST",
        permission=PagePermission.EVERYBODY,
        require_csrf=False,
        renderer="civicportal:templates/cases/track.jinja2",
    )


def _refuse_reserved(site: Site) -> None:
    for kind in kinds_of(site).values():
        steps = {t.name for t in kind.workflow.transitions if "citizen" in t.actors} - {kind.reopen}
        if steps & RESERVED:
            names = ", ".join(sorted(steps & RESERVED))
            raise ConfigurationError(f"case kind {kind.name!r}: no step of citizens may be called {names}")
