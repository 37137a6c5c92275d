"""Classes of clients and client addresses, as limits distinguish them."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Literal

Kind = Literal["unknown", "known", "citizen", "staff"]


@dataclass(frozen=True)
class Requester:
    """A client whose use is limited.

    :ivar kind: "unknown"; "known" for a device that has signed in with the account concerned; "citizen" for a signed-in
        person; "staff" for both in the case of a member of staff.
    :ivar id: device or person by which a known client is counted; empty for an unknown one.
    :ivar challenged: whether it has passed a challenge with this request.
    """

    kind: Kind = "unknown"
    id: str = ""
    challenged: bool = False

    @property
    def is_unknown(self) -> bool:
        """Return whether the client is unknown."""
        return self.kind == "unknown"


UNKNOWN = Requester()


def address_of(address: object) -> str:
    """Return the counted part of an address.

    It is an IPv4 address, or the /64 of an IPv6 address.

    A /64 belongs to one customer (RFC 6177). An IPv4 address written as IPv6 (RFC 4291 §2.5.5.2) counts as the IPv4
    address. Other texts are returned unchanged: clients of a Unix socket have no address.
    """
    return _within(address, v4=32, v6=64)


def network_of(address: object) -> str:
    """Return the /24 (IPv4) or /48 (IPv6) of an address."""
    return _within(address, v4=24, v6=48)


def _within(address: object, *, v4: int, v6: int) -> str:
    text = str(address or "")
    try:
        read = ip_address(text)
    except ValueError:
        return text
    read = getattr(read, "ipv4_mapped", None) or read
    length = v4 if read.version == 4 else v6
    # An IPv6 zone ("%eth0") is an interface of this machine, not part of the address.
    return str(ip_network(f"{str(read).partition('%')[0]}/{length}", strict=False))
