"""Client addresses behind trusted proxies."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from waitress.proxy_headers import proxy_headers_middleware

_FORWARDED_FOR = "HTTP_X_FORWARDED_FOR"


def networks(places: Sequence[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Parse addresses and networks, such as ``10.0.0.5`` and ``10.0.1.0/24``.

    :raises ValueError: when one is invalid.
    """
    return tuple(ip_network(place) for place in places)


def trust_proxies(app: WSGIApplication, places: Sequence[str]) -> WSGIApplication:
    """Use address and scheme of trusted proxies only.

    The headers of other clients are removed.

    The last address in ``X-Forwarded-For`` counts: the one that the proxy has seen itself.

    :param places: addresses and networks of the proxies; empty trusts none.
    """
    trusted = networks(places)
    believing = proxy_headers_middleware(
        app, trusted_proxy="*", trusted_proxy_headers={"x-forwarded-for", "x-forwarded-proto"}
    )
    doubting = proxy_headers_middleware(app)

    @lru_cache(1000)
    def is_trusted(place: str) -> bool:
        try:
            address = ip_address(place)
        except ValueError:
            # A Unix socket has no address.
            return False
        # A dual-stack socket reports IPv4 addresses as IPv6.
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in trusted)

    def choose(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not _ends_with_an_address(environ.get(_FORWARDED_FOR, "")):
            # waitress would use it as the client address, or raise an error. Use the address of the proxy.
            environ.pop(_FORWARDED_FOR, None)
        heard = believing if trusted and is_trusted(environ["REMOTE_ADDR"]) else doubting
        return heard(environ, start_response)

    return choose


def _ends_with_an_address(header: str) -> bool:
    """Return whether ``X-Forwarded-For`` ends with an address."""
    last = header.rpartition(",")[2].strip().strip('"')
    if last.startswith("["):
        last = last[1:].partition("]")[0]
    elif last.count(":") == 1:
        last = last.partition(":")[0]
    try:
        ip_address(last)
    except ValueError:
        return False
    return True
