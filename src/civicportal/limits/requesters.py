"""Who asks, as limits tell people apart: classes of requesters, and where a request comes from."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Literal

Kind = Literal["unknown", "known", "citizen", "staff"]


@dataclass(frozen=True)
class Requester:
    """Who asks for something that is limited.

    :ivar kind: "unknown"; "known" for a device that the account in question has signed in with; "citizen" for somebody
        signed in; "staff" for either of a member of staff.
    :ivar id: of the device or person, for whoever is no stranger: they are counted by it.
    :ivar challenged: has passed a challenge with this request.
    """

    kind: Kind = "unknown"
    id: str = ""
    challenged: bool = False

    @property
    def is_unknown(self) -> bool:
        """Tell whether nobody knows who this is."""
        return self.kind == "unknown"


UNKNOWN = Requester()


def address_of(address: object) -> str:
    """Return what an address is counted by: IPv4 whole, IPv6 by its /64, which is one customer's (RFC 6177).

    An IPv4 address written as IPv6 (RFC 4291 §2.5.5.2) is the IPv4 address. What is no address stays as it is: a socket of
    the file system has none.
    """
    return _within(address, v4=32, v6=64)


def network_of(address: object) -> str:
    """Return the network that an address is counted by: /24 of IPv4, /48 of IPv6."""
    return _within(address, v4=24, v6=48)


def _within(address: object, *, v4: int, v6: int) -> str:
    text = str(address or "")
    try:
        read = ip_address(text)
    except ValueError:
        return text
    read = getattr(read, "ipv4_mapped", None) or read
    length = v4 if read.version == 4 else v6
    # An IPv6 zone ("%eth0") names an interface of this machine, not a place.
    return str(ip_network(f"{str(read).partition('%')[0]}/{length}", strict=False))
