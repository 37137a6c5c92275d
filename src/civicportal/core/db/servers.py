"""Connections to one or several PostgreSQL servers."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from civicportal.util.errors import ConfigurationError

DEFAULTS = {
    # Seconds per server; the default of libpq is minutes.
    "connect_timeout": "3",
    # A server that loses its power closes no connection: detect it within ten seconds, with or without a pending query.
    "keepalives_idle": "4",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "8000",
}
"""Settings of libpq that the URL may override. The last four do not apply to Unix sockets."""
SEVERAL = {"target_session_attrs": "read-write"}
"""Of several servers the writable one is used; a standby is read-only."""
READ_ONLY = "25006"
"""SQLSTATE ``read_only_sql_transaction``: a standby, or a server that was fenced."""
TAKES_NO_WRITES = (b"default_transaction_read_only", b"in_hot_standby")
"""Parameters whose changes a server reports to its clients, since PostgreSQL 14."""
LOST = frozenset({READ_ONLY, "57P01", "57P02", "57P03"})
"""SQLSTATEs after which a connection is unusable: read-only, shutdown, crash, startup."""


def parse_address(address: str) -> URL:
    """Parse a database URL.

    :raises ConfigurationError: when SQLAlchemy cannot parse it; the message shows how to write several servers.
    """
    try:
        url = make_url(address)
        if url.get_backend_name() == "postgresql":
            connection_parameters(url)
        return url
    except (ValueError, ArgumentError) as error:
        raise ConfigurationError(
            "site.database_url: it cannot be read. Several servers are named so: "
            "postgresql+psycopg://user:password@/database?host=db1.example.org:5432&host=db2.example.org:5432"
        ) from error


def connection_parameters(url: URL) -> dict[str, str]:
    """Return connection parameters for libpq and its programs."""
    url = url.set(drivername="postgresql+psycopg")
    _arguments, found = url.get_dialect()().create_connect_args(url)
    named = {name: str(value) for name, value in found.items() if name != "context"}
    servers = named.get("host", "").split(",")
    return {**DEFAULTS, **(SEVERAL if len(servers) > 1 else {}), **named}


def servers_of(parameters: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return host and port of each server."""
    hosts = parameters.get("host", "").split(",")
    ports = parameters.get("port", "").split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    return [(host, port or "5432") for host, port in zip(hosts, ports, strict=True)]


class ServerOrder:
    """Try the last reachable server first.

    A server that is switched off costs ``connect_timeout``.

    :param parameters: those of :func:`connection_parameters`, with several servers.
    """

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._servers = servers_of(parameters)
        self._last = self._servers[0]

    def connect(self, dialect: Any, _record: ConnectionPoolEntry, arguments: Any, parameters: Any) -> Any:
        """Open a connection."""
        servers = sorted(self._servers, key=lambda server: server != self._last)
        hosts, ports = zip(*servers, strict=True)
        place = {"host": ",".join(hosts), "port": ",".join(ports)}
        connection = dialect.connect(*arguments, **{**parameters, **place})
        self._last = (connection.info.host, str(connection.info.port))
        return connection


def follow_primary(engine: Engine) -> None:
    """With several servers, connect like :class:`ServerOrder` and leave a demoted server."""
    parameters = connection_parameters(engine.url)
    if len(servers_of(parameters)) == 1:
        return
    event.listen(engine, "do_connect", ServerOrder(parameters).connect)

    @event.listens_for(engine, "checkout")
    def checkout(connection: Any, _record: ConnectionPoolEntry, _proxy: object) -> None:
        # The server reports it with the answer to each statement, so this check costs nothing.
        if any(connection.pgconn.parameter_status(name) == b"on" for name in TAKES_NO_WRITES):
            raise InvalidatePoolError


def notice_lost_servers(engine: Engine) -> None:
    """Drop connections to a read-only or stopping server."""

    @event.listens_for(engine, "handle_error")
    def handle_error(context: ExceptionContext) -> None:
        state = getattr(context.original_exception, "sqlstate", None)
        if state not in LOST:
            return
        context.is_disconnect = True
        if state == READ_ONLY:
            raise OperationalError(
                context.statement, None, context.original_exception, connection_invalidated=True
            )


def may_be_repeated(error: Exception, *, reads: bool) -> bool:
    """Return whether the request can be retried.

    It can if it certainly changed nothing.

    A server lost during ``COMMIT`` may have committed or not; such an error has no statement.

    :param reads: whether the request only reads. One that writes is retried only if the server is read-only.
    """
    if not isinstance(error, OperationalError) or not error.connection_invalidated or error.statement is None:
        return False
    return reads or getattr(error.orig, "sqlstate", None) == READ_ONLY


def refuse_two_primaries(url: URL) -> None:
    """Refuse to start while several servers accept writes: a replaced one has come back.

    :raises ConfigurationError: with their names.
    """
    found = writable_servers(url)
    if len(found) > 1:
        raise ConfigurationError(
            f"site.database_url: {' and '.join(found)} both take writes. One of them was replaced by the other and "
            "must not run as a primary any more: stop it, and make it a standby of the other one"
        )


def writable_servers(url: URL) -> list[str]:
    """Return the writable servers as ``host:port``.

    A single configured server is not queried.
    """
    if url.get_backend_name() != "postgresql":
        return []
    parameters = connection_parameters(url)
    servers = servers_of(parameters)
    if len(servers) == 1:
        return []
    return [
        f"{host}:{port}"
        for host, port in servers
        if _takes_writes({**parameters, "host": host, "port": port})
    ]


def _takes_writes(parameters: dict[str, str]) -> bool:
    engine = create_engine("postgresql+psycopg://", connect_args=parameters, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return connection.scalar(text("SELECT NOT pg_is_in_recovery()")) is True
    except OperationalError:
        return False
    finally:
        engine.dispose()
