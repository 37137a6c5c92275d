"""Whose word on the visitor's address is taken: that of the reverse proxies which the site names, and nobody else's."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from waitress.proxy_headers import proxy_headers_middleware

Application = Callable[..., Any]
_FORWARDED_FOR = "HTTP_X_FORWARDED_FOR"


def networks(places: Sequence[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read addresses and networks, such as ``10.0.0.5`` and ``10.0.1.0/24``.

    :raises ValueError: for what is neither.
    """
    return tuple(ip_network(place) for place in places)


def behind_proxies(app: Application, places: Sequence[str]) -> Application:
    """Let an application see the address and the scheme that a proxy says, and clear what others say.

    Of several addresses in ``X-Forwarded-For`` the last one counts: it is the one that the proxy has seen itself.

    :param places: addresses and networks of the proxies; an empty one believes nobody.
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
            # A socket in the file system has no address.
            return False
        # A socket for both versions gives an IPv4 address in the clothes of an IPv6 one.
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in trusted)

    def choose(environ: dict[str, Any], start_response: Any) -> Any:
        if not _ends_with_an_address(environ.get(_FORWARDED_FOR, "")):
            # waitress would use it as the client address, or raise an error. Use the address of the proxy.
            environ.pop(_FORWARDED_FOR, None)
        heard = believing if trusted and is_trusted(environ["REMOTE_ADDR"]) else doubting
        return heard(environ, start_response)

    return choose


def _ends_with_an_address(header: str) -> bool:
    """Return whether the last entry of ``X-Forwarded-For`` is an address, with or without brackets and a port."""
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
