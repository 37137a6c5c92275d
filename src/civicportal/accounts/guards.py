"""The limits of both doors. They are counted before anything is hashed or sent, each in its own transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from civicportal.accounts.devices import DeviceService, device_hash
from civicportal.accounts.models import User

Hit = tuple[str, *tuple[object, ...]]


@dataclass
class Attempt:
    """A try to come in; set ``good`` when it was right, and it is not counted against anybody."""

    good: bool = False


@contextmanager
def attempt(request: Any, *hits: Hit) -> Iterator[Attempt]:
    """Count a try, and take the counts back if it was a good one.

    :param hits: names of limits with what they are counted by.
    :raises TooMany: when one of them is used up.
    """
    limits = request.site.limits
    for hit in hits:
        limits.hit(*hit)
    trying = Attempt()
    yield trying
    if trying.good:
        for hit in hits:
            limits.give_back(*hit)


def code_hits(request: Any, staff_id: object = None) -> list[Hit]:
    """Return what a typed code is counted by."""
    hits: list[Hit] = [("otp_verify_staff", staff_id)] if staff_id is not None else []
    return [*hits, ("otp_verify_address", request.remote_addr), ("otp_verify_site",)]


def password_hits(request: Any, name: str, *owner: Any) -> list[Hit]:
    """Return what a typed password is counted by.

    :param name: the mobile or user name as typed, known or not.
    :param owner: conditions on ``User`` by which the account is found.
    """
    device = device_hash(request)
    own: Hit = ("password_device", name, device) if _knows(request, owner) else ("password_user", name)
    return [own, ("password_address", request.remote_addr), ("password_site",)]


def count_send(request: Any, mobile: str) -> None:
    """Count a code that is about to be sent.

    :raises TooMany: when the number, the address, its network or the site has had enough.
    """
    limits = request.site.limits
    if _knows(request, [User.mobile == mobile]):
        limits.hit("otp_send_known", mobile, device_hash(request))
    else:
        limits.hit("otp_send_number", mobile)
    limits.hit("otp_send_address", request.remote_addr)
    limits.hit("otp_send_network", _network(request.remote_addr))
    limits.hit("otp_send_site")


def _knows(request: Any, owner: Any) -> bool:
    device = device_hash(request)
    if not device:
        return False
    with request.site.work(actor=request.identity, write=False) as work:
        return work.get(DeviceService).is_known(device, *owner)


def _network(address: str | None) -> str:
    if not address:
        return ""
    return str(ip_network(f"{address}/{48 if ':' in address else 24}", strict=False))
