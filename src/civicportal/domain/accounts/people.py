"""People as actors: their identities and rights, and what is known of the actor."""

from sqlalchemy import select

from civicportal.core.security import Door, Identity
from civicportal.core.work import Service
from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.types import IdentityClaim
from civicportal.domain.accounts.verification import VerificationService


class PeopleService(Service):
    """Return people as actors."""

    def identity(self, user: User, realm: Door = "staff") -> Identity:
        """Return the identity of a person in a realm; only that of staff has rights."""
        return identity_of(self.work, user, realm)

    def citizens(self) -> list[Identity]:
        """Return all citizens with a verified mobile as signed in."""
        query = select(User).where(User.username.is_(None), User.level >= 1).order_by(User.id)
        return [
            Identity(user_id=user.id, name=user.name, door="citizen", level=user.level, mobile=user.mobile)
            for user in self.session.scalars(query)
        ]

    def staff(self) -> list[Identity]:
        """Return all members of staff as signed in, with their rights."""
        query = select(User).where(User.username.is_not(None)).order_by(User.id)
        return [self.identity(user) for user in self.session.scalars(query)]

    def verified(self) -> IdentityClaim | None:
        """Return the actor's identity as verified by the site's provider; None below level 2."""
        user = self.session.get(User, self.work.actor.user_id) if self.work.actor.user_id else None
        return self.work.get(VerificationService).own(user) if user else None
