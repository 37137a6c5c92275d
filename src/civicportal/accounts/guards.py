"""The limits of both doors. They are counted before anything is hashed or sent, in transactions of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from civicportal.accounts.devices import DeviceService, device_hash
from civicportal.accounts.models import User
from civicportal.limits import UNKNOWN, ChallengeNeeded, Hits, Requester, Use
from civicportal.web.challenge import has_passed
from civicportal.web.request import Request


@dataclass
class Attempt:
    """A try to come in; set ``good`` when it was right, and it is not counted against anybody."""

    good: bool = False


@contextmanager
def attempt(request: Request, *uses: Use, by: Requester = UNKNOWN) -> Iterator[Attempt]:
    """Count a try, and take the counts back if it was a good one.

    :param uses: names of limits with what they are counted by.
    :param by: who tries.
    :raises ChallengeNeeded: when a stranger may go on by a challenge, and has passed none.
    :raises TooMany: when one of them is used up.
    """
    hits = count(request, *uses, by=by)
    trying = Attempt()
    yield trying
    if trying.good:
        request.site.limits.take_back(hits)


def count(request: Request, *uses: Use, by: Requester = UNKNOWN, same: Use | None = None) -> Hits:
    """Count uses; whoever a ceiling stops goes on if this request has passed a challenge.

    :param by: who asks.
    :param same: as of :meth:`~civicportal.limits.Limits.hit_all`.
    :raises ChallengeNeeded: when it has passed none.
    :raises TooMany: when a limit is used up all the same.
    """
    limits = request.site.limits
    try:
        hits: Hits = limits.hit_all(*uses, by=by, same=same)
    except ChallengeNeeded:
        if not has_passed(request):
            raise
        hits = limits.hit_all(*uses, by=replace(by, challenged=True), same=same)
    return hits


def code_uses(request: Request, staff_id: object = None) -> list[Use]:
    """Return what a typed code is counted by."""
    uses: list[Use] = [("otp_verify_staff", staff_id)] if staff_id is not None else []
    return [*uses, ("otp_verify_address", request.remote_addr), ("otp_verify_site",)]


def password_uses(request: Request, name: str) -> list[Use]:
    """Return what a typed password is counted by.

    :param name: the mobile or user name as typed, known or not.
    """
    return [("password_user", name), ("password_address", request.remote_addr), ("password_site",)]


def count_send(request: Request, mobile: str, by: Requester, *own: Use) -> None:
    """Count a code that is about to be sent.

    :param own: what else it is counted by, instead of the number.
    :raises ChallengeNeeded: when strangers have had their share.
    :raises TooMany: when the number, the address, its network or the site has had enough.
    """
    address = request.remote_addr
    sources: list[Use] = [("otp_send_address", address), ("otp_send_network", address)]
    own = own or (("otp_send_number", mobile),)
    if not by.is_unknown:
        # Signing in once more makes another device: together they have an end too.
        own = (*own, ("otp_send_all_known", mobile))
    count(request, *own, *sources, ("otp_send_site",), by=by)


def requester(request: Request, *owner: Any) -> Requester:
    """Return who asks for something that is an account's: its own person, a device it has signed in with, or a stranger.

    Who is signed in as somebody else is a stranger to it.

    :param owner: conditions on ``User`` by which the account is found.
    """
    device, person = device_hash(request), request.identity.user_id
    if not device and person is None:
        return UNKNOWN
    with request.site.work(actor=request.identity, write=False) as work:
        found = work.get(DeviceService).relation(device, *owner)
    if found is None:
        return UNKNOWN
    if found.user_id == person:
        return Requester("staff" if found.is_staff else "citizen", f"user {person}")
    if found.is_known:
        return Requester("staff" if found.is_staff else "known", f"device {device}")
    return UNKNOWN


def visitor(request: Request) -> Requester:
    """Return who asks for something that is nobody's: whoever is signed in or has been with this device is no stranger.

    They are counted by person: signing in once more makes another device, and no other limit.
    """
    identity = request.identity
    if identity.user_id is not None:
        return Requester("staff" if identity.is_staff else "citizen", f"user {identity.user_id}")
    device = device_hash(request)
    if not device:
        return UNKNOWN
    with request.site.work(actor=identity, write=False) as work:
        holder = work.get(DeviceService).holder(device)
    return Requester("known", f"user {holder.user_id}") if holder else UNKNOWN


def after_password(request: Request, user_id: int | None) -> Requester:
    """Return who asks for the second proof of a member of staff: whoever has shown the password is no stranger any more.

    With a device that has been there before they are counted by that: who knows nothing but the password cannot use that up.
    """
    found = requester(request, User.id == user_id)
    return Requester("staff", f"password {user_id}") if found.is_unknown else found
