"""The number of SQL statements as a header."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.response import Response
from pyramid.tweens import INGRESS
from sqlalchemy import Engine, event

from civicportal.core.site import Site
from civicportal.web.request import Handler, Request

SWITCH = "CIVICPORTAL_COUNT_STATEMENTS"
HEADER = "X-Statements"

_texts: ContextVar[list[str] | None] = ContextVar("statements", default=None)


def is_on(site: Site) -> bool:
    """Return whether the environment enables the header; never on a production site."""
    return not site.is_production and os.environ.get(SWITCH, "") not in ("", "0")


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements of this thread in the context."""
    _listen(engine)
    texts: list[str] = []
    token = _texts.set(texts)
    try:
        yield texts
    finally:
        _texts.reset(token)


def counting_tween_factory(handler: Handler, registry: Registry) -> Handler:
    """Return the tween that adds the header."""
    engine = registry.site.engines.read

    def counting_tween(request: Request) -> Response:
        with statements(engine) as texts:
            response = handler(request)
        response.headers[HEADER] = str(len(texts))
        return response

    return counting_tween


def _listen(engine: Engine) -> None:
    if not event.contains(engine, "before_cursor_execute", _note):
        event.listen(engine, "before_cursor_execute", _note)


def _note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
    texts = _texts.get()
    if texts is not None and not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")):
        texts.append(statement)


def includeme(config: Configurator) -> None:
    """Add the tween above all others, if enabled."""
    if is_on(config.registry.site):
        config.add_tween(
            "civicportal.web.counting.counting_tween_factory",
            under=INGRESS,
            over="civicportal.web.headers.headers_tween_factory",
        )
