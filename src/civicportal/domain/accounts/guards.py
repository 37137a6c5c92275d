"""Limits of the sign-in.

They are counted in separate transactions before anything is hashed or sent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement

from civicportal.core.limits import UNKNOWN, ChallengeNeeded, CountedUses, Requester, Use
from civicportal.domain.accounts.devices import DeviceService, device_hash
from civicportal.domain.accounts.models import User
from civicportal.web.challenge import has_passed
from civicportal.web.request import Request


@dataclass
class LimitedAttempt:
    """A sign-in attempt; set ``good`` on success, and it is not counted."""

    good: bool = False


@contextmanager
def limited_attempt(request: Request, *uses: Use, by: Requester = UNKNOWN) -> Iterator[LimitedAttempt]:
    """Count an attempt, and take the counts back if it succeeds.

    :param uses: names of limits with the keys they are counted by.
    :param by: the client.
    :raises ChallengeNeeded: when an unknown client has to pass a challenge first.
    :raises LimitExceeded: when one of them is used up.
    """
    hits = count(request, *uses, by=by)
    trying = LimitedAttempt()
    yield trying
    if trying.good:
        request.site.limits.take_back(hits)


def count(request: Request, *uses: Use, by: Requester = UNKNOWN, same: Use | None = None) -> CountedUses:
    """Count uses.

    Clients over a site-wide limit may continue if this request has passed a challenge.

    :param by: the client.
    :param same: as of :meth:`~civicportal.core.limits.counting.Limits.count_uses`.
    :raises ChallengeNeeded: when it has not passed one.
    :raises LimitExceeded: when a limit is used up even so.
    """
    limits = request.site.limits
    try:
        hits: CountedUses = limits.count_uses(*uses, by=by, same=same)
    except ChallengeNeeded:
        if not has_passed(request):
            raise
        hits = limits.count_uses(*uses, by=replace(by, challenged=True), same=same)
    return hits


def code_uses(request: Request, staff_id: object = None) -> list[Use]:
    """Return the limits and keys of a typed code."""
    uses: list[Use] = [("otp_verify_staff", staff_id)] if staff_id is not None else []
    return [*uses, ("otp_verify_address", request.remote_addr), ("otp_verify_site",)]


def password_uses(request: Request, name: str) -> list[Use]:
    """Return the limits and keys of a typed password.

    :param name: the mobile or user name as typed, known or not.
    """
    return [("password_user", name), ("password_address", request.remote_addr), ("password_site",)]


def count_send(request: Request, mobile: str, by: Requester, *own: Use) -> None:
    """Count a code that is about to be sent.

    :param own: limits to count by instead of that of the number.
    :raises ChallengeNeeded: when the share of unknown clients is used up.
    :raises LimitExceeded: when the limit of the number, the address, its network or the site is used up.
    """
    address = request.remote_addr
    sources: list[Use] = [("otp_send_address", address), ("otp_send_network", address)]
    own = own or (("otp_send_number", mobile),)
    if not by.is_unknown:
        # Each sign-in can create a new device, so all devices together have a limit too.
        own = (*own, ("otp_send_all_known", mobile))
    count(request, *own, *sources, ("otp_send_site",), by=by)


def requester(request: Request, *owner: ColumnElement[bool]) -> Requester:
    """Classify the client of a request about an account.

    It is the owner, a known device, or unknown.

    A client signed in with another account is unknown.

    :param owner: conditions on ``User`` that select the account.
    """
    device, person = device_hash(request), request.identity.user_id
    if not device and person is None:
        return UNKNOWN
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        found = work.get(DeviceService).relation(device, *owner)
    if found is None:
        return UNKNOWN
    if found.user_id == person:
        return Requester("staff" if found.is_staff else "citizen", f"user {person}")
    if found.is_known:
        return Requester("staff" if found.is_staff else "known", f"device {device}")
    return UNKNOWN


def visitor(request: Request) -> Requester:
    """Classify the client of a request about no account.

    They are counted by person: another sign-in creates another device, but no new limit.
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
    """Return the client of a staff sign-in after the password.

    A known device is counted by itself, so an attacker who only knows the password cannot use up its limit.
    """
    found = requester(request, User.id == user_id)
    return Requester("staff", f"password {user_id}") if found.is_unknown else found
