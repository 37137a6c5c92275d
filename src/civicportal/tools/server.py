"""The web server: waitress in several processes, with a worker."""

import gc
import logging
import os
import socket
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from wsgiref.types import WSGIApplication

from civicportal.core import machine
from civicportal.core.logging import setup_logging
from civicportal.core.serving.draining import serve
from civicportal.core.serving.prefork import Prefork
from civicportal.core.serving.proxies import trust_proxies
from civicportal.core.serving.turns import TURNS
from civicportal.core.site import Site
from civicportal.portal.health.requests import count_over_processes
from civicportal.portal.worker.child import WorkerChild
from civicportal.util.errors import ConfigurationError
from civicportal.util.values import Values

log = logging.getLogger(__name__)

THREADS = 8
"""Threads per process: most of their time they wait for the database."""
MOST_PROCESSES = 8
PROCESS_MB = 400
"""Memory of the machine per process: its own, PostgreSQL's for it, and pictures it decodes."""
NEW_OBJECTS = 10_000
"""Objects between two garbage collections. With Python's 700 several run during a page, find everything in use, and
take 3 to 10 % of its CPU time.
"""
FIRST_HANDED_ON = 3
"""File descriptor."""
LARGEST_BODY = 44 * 1024 * 1024
"""Bytes of four photos. Everything except forms with pictures is refused by its headers, beyond 2 MiB."""
RECEIVED_AT_ONCE = 64 * 1024
"""Bytes read from a connection at a time. Measured with a picture of 5 MB: a third of the CPU of waitress's 8 KiB."""


def check_address(host: str, port: int) -> None:
    """Check that an address can be bound, before anything else starts.

    :raises ConfigurationError: when it belongs to another program or another machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            # SO_REUSEADDR as servers use it: sockets left by an earlier server are ignored.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        text = f"cannot listen on {host}:{port}: {error.strerror}. --host and --port, or HOST and PORT, choose another"
        raise ConfigurationError(text) from error


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, for several processes to accept from."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(1024)
    listening.setblocking(False)
    return listening


def inherited_socket() -> socket.socket | None:
    """Return the listening socket passed by a service manager (sd_listen_fds(3)).

    Connections made while no server runs wait in its backlog for the next one.
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
        return None
    listening = socket.socket(fileno=FIRST_HANDED_ON)
    listening.set_inheritable(False)
    listening.setblocking(False)
    return listening


def fitting_processes(dialect: str, cores: int | None = None, memory_mb: float | None = None) -> int:
    """Return the number of processes for a machine.

    On SQLite it is one, in which writers queue in order; those of several processes would poll.

    :param dialect: "sqlite" or "postgresql".
    :param cores: available cores; detected if None.
    :param memory_mb: available memory in MiB; detected if None.
    """
    if dialect == "sqlite" or not hasattr(os, "fork"):
        return 1
    memory_mb = machine.memory_mb() if memory_mb is None else memory_mb
    return max(1, min(cores or machine.cores(), int(memory_mb / PROCESS_MB), MOST_PROCESSES))


def serve_app(
    app: WSGIApplication,
    host: str = "",
    port: int = 0,
    threads: int = THREADS,
    trusted_proxies: Sequence[str] = (),
    **more: object,
) -> None:
    """Serve an application until SIGTERM, which finishes running requests, or SIGINT.

    A thousand idle connections must not block others: many connections are allowed, with a short timeout.

    :param threads: concurrent requests.
    :param trusted_proxies: addresses and networks of the reverse proxies whose ``X-Forwarded-For`` and ``-Proto`` are
        believed.
    :param more: further settings of waitress; with ``sockets`` it accepts from those, and opens none.
    """
    rules = getattr(getattr(app, "registry", None), "request_rules", None)
    place = {} if "sockets" in more else {"host": host, "port": port}
    serve(
        trust_proxies(app, trusted_proxies),
        body_limit=rules.body_limit if rules else None,
        threads=threads,
        connection_limit=2000,
        asyncore_use_poll=True,
        channel_timeout=15,
        cleanup_interval=5,
        max_request_body_size=LARGEST_BODY,
        recv_bytes=RECEIVED_AT_ONCE,
        clear_untrusted_proxy_headers=False,
        ident=None,
        **place,
        **more,
    )


def serve_site(
    path: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 6543,
    threads: int = THREADS,
    processes: int | None = None,
    worker: bool = True,
    listening: socket.socket | None = None,
) -> None:
    """Assemble a site and serve it until SIGTERM or SIGINT.

    If there is a socket already, or a service manager has passed one, ``host`` and ``port`` are ignored.

    :param processes: number of processes; by default according to the machine, one for a demo.
    :param worker: start ``civicportal worker`` as a child; False if it runs elsewhere.
    :param listening: a socket of :func:`listen`, whose connections wait until the site is assembled.
    :raises ConfigurationError: when the portal cannot be assembled, its database is not migrated, or the address is
    not free.
    """
    from civicportal.app import create_app
    from civicportal.domain.notifications.phones import provider_beside
    from civicportal.web.compiled import COMPILED, load_templates

    listening = listening or inherited_socket()
    if listening is None:
        check_address(host, port)
    setup_logging()
    site = Site(path)
    site.check_start(forks=True)
    TURNS.most = max(1, threads // 2)
    number = 1 if site.is_demo else processes or fitting_processes(site.engines.dialect)
    options = {"threads": threads, "trusted_proxies": site.settings["site"]["trusted_proxy"]}
    is_counted = number > 1 and site.settings["metrics"]
    with count_over_processes() if is_counted else nullcontext():
        app = create_app(site)
        load_templates(site)
        COMPILED.keep_nothing()
        with provider_beside(site):
            child = WorkerChild(site.path) if worker else None
            # Later collections skip the assembled application, so forked processes also go on sharing its memory.
            gc.collect()
            gc.freeze()
            gc.set_threshold(NEW_OBJECTS)
            try:
                if number > 1:
                    _serve_by_several(app, site, number, listening or listen(host, port), options)
                elif listening:
                    serve_app(app, sockets=[listening], **options)
                else:
                    serve_app(app, host, port, **options)
            finally:
                if child:
                    child.stop()
                site.engines.dispose()
            log.info("server stopped")


def _serve_by_several(
    app: WSGIApplication, site: Site, number: int, listening: socket.socket, options: Values
) -> None:
    # A connection belongs to the process that opened it.
    site.engines.dispose()
    log.info("%s processes with %s threads each", number, options["threads"])
    Prefork(number, partial(serve_app, app, sockets=[listening], **options), listening).run()
