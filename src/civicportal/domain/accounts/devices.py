"""Known devices: browsers with which a person has signed in.

Their attempts are counted separately.
"""

from dataclasses import dataclass

from pyramid.response import Response
from sqlalchemy import ColumnElement, and_, delete, select

from civicportal.core.crypto import new_token, token_hash
from civicportal.core.work import Service
from civicportal.domain.accounts.models import KnownDevice, User
from civicportal.web.request import Request

ONE_YEAR = 365 * 86400


@dataclass(frozen=True)
class Relation:
    """An account, and whether it has signed in with the device."""

    user_id: int
    is_staff: bool
    is_known: bool


class DeviceService(Service):
    """Store and recognise devices by the hash of a random cookie."""

    def is_known(self, device_hash: str, *owner: ColumnElement[bool]) -> bool:
        """Return whether the person has used this device.

        :param owner: conditions that select the person from ``User``.
        """
        query = select(KnownDevice.id).join(User, User.id == KnownDevice.user_id)
        found = self.work.session.scalar(query.where(KnownDevice.device_hash == device_hash, *owner))
        return found is not None

    def holder(self, device_hash: str) -> "Relation | None":
        """Return the first account of this device, or None."""
        query = select(User.id, User.username).join(KnownDevice, KnownDevice.user_id == User.id)
        row = self.work.session.execute(
            query.where(KnownDevice.device_hash == device_hash).order_by(User.id).limit(1)
        ).first()
        return None if row is None else Relation(row[0], row[1] is not None, is_known=True)

    def relation(self, device_hash: str, *owner: ColumnElement[bool]) -> "Relation | None":
        """Return the relation of a device to an account.

        The account matches the conditions on ``User``; None without a relation.
        """
        known = and_(KnownDevice.user_id == User.id, KnownDevice.device_hash == device_hash)
        query = select(User.id, User.username, KnownDevice.id).outerjoin(KnownDevice, known).where(*owner)
        row = self.work.session.execute(query).first()
        return (
            None
            if row is None
            else Relation(row[0], row[1] is not None, bool(device_hash) and row[2] is not None)
        )

    def remember(self, user: User, device_hash: str) -> None:
        """Record that the person has signed in with this device."""
        statement = self.work.site.engines.insert(KnownDevice).values(
            user_id=user.id, device_hash=device_hash, created_at=self.work.clock.now()
        )
        self.work.session.execute(statement.on_conflict_do_nothing(index_elements=["user_id", "device_hash"]))

    def forget_all(self, user: User) -> None:
        """Treat all browsers of a person as unknown."""
        self.work.session.execute(delete(KnownDevice).where(KnownDevice.user_id == user.id))


def device_hash(request: Request) -> str:
    """Return the hash of this browser's device cookie, or an empty text."""
    token = request.cookies.get(_cookie_name(request), "")
    return token_hash(token) if token else ""


def ensure_device(request: Request) -> str:
    """Return the hash of the device cookie, setting one if needed."""
    known = device_hash(request)
    if known:
        return known
    token = new_token()

    def send(request: Request, response: Response) -> None:
        response.set_cookie(
            _cookie_name(request),
            token,
            max_age=ONE_YEAR,
            path="/",
            secure=request.registry.site.is_production,
            httponly=True,
            samesite="Lax",
        )

    request.add_response_callback(send)
    return token_hash(token)


def _cookie_name(request: Request) -> str:
    return f"{request.registry.site.cookie_name}-device"
