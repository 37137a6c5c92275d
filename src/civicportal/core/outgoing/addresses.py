"""Which addresses may be reached, so that the portal reaches no other machine of the city's network for anybody."""

import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Thread
from urllib.parse import urlsplit

from civicportal.util.errors import Refused
from civicportal.util.i18n import _

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST = 500
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_SPECIAL = tuple(
    map(
        ip_network,
        # Addresses that contain one of IPv4, an obsolete form; discarded ones; those of protocols and documentation.
        (
            "::/96",
            "100::/64",
            "2001::/23",
            "2001:db8::/32",
            "3fff::/20",
            "5f00::/16",
            "fec0::/10",
            "192.0.0.0/24",
            "192.88.99.0/24",
        ),
    )
)
"""Networks that are not public, whatever the standard library of this Python says."""


class AddressRefused(Refused):
    """Nothing may be sent there."""


def checked_address(text: str, *, http: bool, private: Sequence[Network]) -> str:
    """Return a valid address in its usual form.

    Names are looked up when something is sent, not here.

    :param http: allow addresses without encryption.
    :param private: private networks that are allowed.
    :raises AddressRefused: names what is wrong.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        name = host if ":" in host else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        raise AddressRefused(_("This is not a complete web address.")) from None
    if parts.scheme not in ("https", "http") or not name or not text.isprintable() or " " in text:
        raise AddressRefused(_("This is not a complete web address."))
    if parts.scheme == "http" and not http:
        raise AddressRefused(_("The address must begin with https://."))
    if parts.username is not None or parts.password is not None:
        raise AddressRefused(_("The address must not contain a user name or password."))
    if parts.fragment or port == 0:
        raise AddressRefused(_("This is not a complete web address."))
    literal = _literal(name)
    if literal is not None:
        refuse_private(literal, private)
    place = f"[{name}]" if ":" in name else name
    path = parts.path or "/"
    answer = f"{parts.scheme}://{place}{f':{port}' if port else ''}{path}{f'?{parts.query}' if parts.query else ''}"
    if len(answer) > LONGEST or not answer.isascii():
        raise AddressRefused(_("Write the path of the address in Latin letters, in at most 500 characters."))
    return answer


def resolve(
    host: str, port: int, timeout: float, private: Sequence[Network], *, public: bool = True
) -> list[Address]:
    """Look a name up, and return its addresses if all of them are allowed.

    The lookup runs in a thread, because it has no timeout.

    :param timeout: in seconds.
    :param private: private networks that are allowed.
    :param public: whether others are allowed.
    :raises AddressRefused: when the name is not known, or one of its addresses is not allowed.
    """
    lookup: Future[list[str]] = Future()

    def look_up() -> None:
        try:
            lookup.set_result(_addresses_of(host, port))
        except BaseException as error:
            lookup.set_exception(error)

    Thread(target=look_up, name="address-lookup", daemon=True).start()
    try:
        found = lookup.result(timeout)
    except (OSError, UnicodeError, TimeoutError):
        raise AddressRefused(_("The name of the machine is not known.")) from None
    addresses = [ip_address(text.partition("%")[0]) for text in found]
    if not addresses:
        raise AddressRefused(_("The name of the machine is not known."))
    for address in addresses:
        refuse_private(address, private)
        if not public and _is_public(address):
            raise AddressRefused(_("A demo sends nothing to other machines."))
    return list(dict.fromkeys(addresses))


def _addresses_of(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def refuse_private(address: Address, private: Iterable[Network]) -> None:
    """Refuse an address that is not public, unless a setting allows it.

    :raises AddressRefused: when it is not allowed.
    """
    if not _is_public(address) and not any(address in network for network in private):
        raise AddressRefused(_("The address leads into a private network, which the settings do not allow."))


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return _is_public(inner)
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address to which an IPv6 address leads, if any."""
    if any(address in network for network in _NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _literal(name: str) -> Address | None:
    """Return the address that a host name is, in any form that the system understands."""
    try:
        return ip_address(name)
    except ValueError:
        pass
    try:
        # 127.1, 0x7f000001, 2130706433
        return IPv4Address(socket.inet_aton(name))
    except (OSError, ValueError):
        return None
