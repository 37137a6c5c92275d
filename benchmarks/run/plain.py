"""The plain floor: an ordinary application of Pyramid, SQLAlchemy's ORM and Jinja2 with the portal's URLs and tables.

It reads or writes the rows that the portal's pages do, looks the session up, checks the CSRF token of a form and
renders one template. It has no rights, rules, validation, limits, plugins, translations or
calendars; it reads the portal's counters, but keeps none.
"""

import hmac
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import zope.sqlalchemy
from pyramid.config import Configurator
from pyramid.interfaces import ICSRFStoragePolicy
from pyramid.request import RequestLocalCache
from pyramid.response import Response
from pyramid.security import Allowed, Denied
from sqlalchemy import Engine, create_engine, orm, select
from zope.interface import implementer

from benchmarks.run.plain_views import PlainRequest, Views
from benchmarks.run.serving import SITE, serve_like_portal
from civicportal.core.crypto import token_hash
from civicportal.core.site import Site
from civicportal.domain.accounts.models import Session, User
from civicportal.web.counting import HEADER, statements


class Security:
    """The security policy: who asks is known by the token of the session cookie."""

    def __init__(self, cookie: str) -> None:
        self.cookie = cookie
        self._cache = RequestLocalCache(self._load)

    def identity(self, request: PlainRequest) -> User | None:
        """Return the user of a valid session, looked up once a request."""
        user: User | None = self._cache.get_or_create(request)
        return user

    def _load(self, request: PlainRequest) -> User | None:
        token = request.cookies.get(self.cookie)
        if not token:
            return None
        query = select(User).join(Session, Session.user_id == User.id)
        query = query.where(Session.token_hash == token_hash(token), Session.expires_at > datetime.now(UTC))
        user: User | None = request.dbsession.scalars(query).one_or_none()
        return user

    def authenticated_userid(self, request: PlainRequest) -> int | None:
        """Return the id of the user."""
        return request.identity.id if request.identity else None

    def permits(self, request: PlainRequest, _context: Any, permission: str) -> Allowed | Denied:
        """Return whether the user may see a page: everyone who is signed in."""
        return Allowed(permission) if request.identity else Denied(permission)


@implementer(ICSRFStoragePolicy)
class Tokens:
    """CSRF tokens derived from the session cookie, by the portal's key: people of a run have forms of the portal."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def get_csrf_token(self, request: PlainRequest) -> str:
        """Return the token of the session."""
        return self.site.keys.mac("csrf", request.cookies.get(self.site.cookie_name, "")).hex()

    new_csrf_token = get_csrf_token

    def check_csrf_token(self, request: PlainRequest, token: str) -> bool:
        """Return whether a token is that of the session."""
        return hmac.compare_digest(token.encode(), self.get_csrf_token(request).encode())


def make_app(site: Site, url: str) -> tuple[Any, Engine]:
    """Return the application and its engine."""
    engine = create_engine(url)
    new_session = orm.sessionmaker(bind=engine)

    def dbsession(request: PlainRequest) -> orm.Session:
        session = new_session()
        zope.sqlalchemy.register(session, transaction_manager=request.tm)
        return session

    config = Configurator(
        settings={"tm.manager_hook": "pyramid_tm.explicit_manager"}, request_factory=PlainRequest
    )
    config.include("pyramid_tm")
    config.include("pyramid_jinja2")
    config.add_jinja2_search_path("benchmarks.run:templates")
    config.set_security_policy(Security(site.cookie_name))
    config.set_csrf_storage_policy(Tokens(site))
    config.set_default_csrf_options(require_csrf=True)
    config.add_request_method(dbsession, reify=True)
    config.add_tween("benchmarks.run.plain.counting")
    config.registry.engine = engine
    for path, name, renderer, permission in (
        ("/healthz", "hello", None, None),
        ("/", "home", "home.jinja2", None),
        ("/kartable", "kartable", "cases.jinja2", "desk"),
        ("/kartable/cases/{code}", "case", "case.jinja2", "desk"),
        ("/kartable/cases/{code}/start_review", "step", None, "desk"),
        ("/reports/new", "submit", None, "desk"),
        ("/desk", "desk", "desk.jinja2", "desk"),
        ("/desk/reports", "reports", "cases.jinja2", "desk"),
        ("/desk/reports/map.json", "points", "json", "desk"),
    ):
        config.add_route(name, path)
        config.add_view(Views, attr=name, route_name=name, renderer=renderer, permission=permission)
    return config.make_wsgi_app(), engine


def counting(handler: Callable[[Any], Response], registry: Any) -> Callable[[Any], Response]:
    """Return a tween that adds the number of SQL statements to the response, as the portal does in a benchmark."""

    def tween(request: PlainRequest) -> Response:
        with statements(registry.engine) as texts:
            response = handler(request)
        response.headers[HEADER] = str(len(texts))
        return response

    return tween


def main() -> None:
    """Serve it as the portal is served: ``python -m benchmarks.run.plain PORT``."""
    app, engine = make_app(Site(SITE), os.environ["BENCH_DATABASE_URL"])
    serve_like_portal(app, int(sys.argv[1]), engine.dialect.name)


if __name__ == "__main__":
    main()
