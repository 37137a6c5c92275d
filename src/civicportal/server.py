"""Serving a site by waitress, with its worker beside it."""

import logging
import socket
from pathlib import Path
from typing import Any

from civicportal.draining import serve
from civicportal.errors import ConfigurationError
from civicportal.logging import setup_logging
from civicportal.site import Site
from civicportal.worker.child import WorkerChild

log = logging.getLogger(__name__)

THREADS = 8
LARGEST_BODY = 44 * 1024 * 1024
"""Bytes: four pictures as cameras make them. The sanity tween holds every other page to 1 MiB."""


def check_address(host: str, port: int) -> None:
    """Look whether an address can be listened on, before anything is begun.

    :raises ConfigurationError: when it belongs to another program or another machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            # As servers do: what an earlier server left behind does not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        text = f"cannot listen on {host}:{port}: {error.strerror}. --host and --port, or HOST and PORT, choose another"
        raise ConfigurationError(text) from error


def serve_app(
    app: Any, host: str, port: int, threads: int = THREADS, trusted_proxy: str = "", **more: Any
) -> None:
    """Serve an application until SIGTERM or SIGINT; after SIGTERM what has begun is brought to its end.

    A thousand connections that send nothing must not shut out the others: many connections, a short patience.

    :param threads: requests at a time.
    :param trusted_proxy: address of the reverse proxy whose ``X-Forwarded-For`` and ``-Proto`` are believed.
    :param more: further settings of waitress.
    """
    proxy = {
        "trusted_proxy": trusted_proxy,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
        "trusted_proxy_count": 1,
    }
    serve(
        app,
        host=host,
        port=port,
        threads=threads,
        connection_limit=2000,
        asyncore_use_poll=True,
        channel_timeout=15,
        cleanup_interval=5,
        max_request_body_size=LARGEST_BODY,
        clear_untrusted_proxy_headers=True,
        ident=None,
        **(proxy if trusted_proxy else {}),
        **more,
    )


def serve_site(
    path: Path, *, host: str = "127.0.0.1", port: int = 6543, threads: int = THREADS, worker: bool = True
) -> None:
    """Assemble a site and serve it until SIGTERM or SIGINT.

    :param worker: start ``civicportal worker`` as a child; False where it runs elsewhere.
    :raises ConfigurationError: when the portal cannot be assembled, its database is not migrated, or the address is
        not free.
    """
    from civicportal.app import create_app
    from civicportal.demo.phones import provider_beside

    check_address(host, port)
    setup_logging()
    site = Site(path)
    site.check_start()
    app = create_app(site)
    with provider_beside(site):
        child = WorkerChild(site.path) if worker else None
        try:
            serve_app(app, host, port, threads, site.settings["site"]["trusted_proxy"])
        finally:
            if child:
                child.stop()
            site.engines.dispose()
        log.info("server stopped")
