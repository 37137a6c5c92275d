"""People as actors: identities, rights, the actor's data."""

from dataclasses import replace

from sqlalchemy import Select, select

from civicportal.core.security import Identity, Realm
from civicportal.core.work import Service
from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.types import IdentityClaim
from civicportal.domain.accounts.verification import VerificationService


class PeopleService(Service):
    """Return people as actors."""

    def identity(self, user: User, realm: Realm = "staff") -> Identity:
        """Return the identity of a person in a realm.

        Only staff have rights, and no one has any by a disabled or deleted account.
        """
        identity = identity_of(self.work, user, realm)
        return replace(identity, grants=()) if user.disabled_at or user.deleted_at else identity

    def citizens(self) -> list[Identity]:
        """Return all citizens with a verified mobile as identities, without disabled and deleted accounts."""
        query = self._active().where(User.username.is_(None), User.level >= 1)
        return [
            Identity(user_id=user.id, name=user.name, realm="citizen", level=user.level, mobile=user.mobile)
            for user in self.session.scalars(query)
        ]

    def staff(self) -> list[Identity]:
        """Return all members of staff as identities, without disabled and deleted accounts."""
        return [
            self.identity(user)
            for user in self.session.scalars(self._active().where(User.username.is_not(None)))
        ]

    def verified(self) -> IdentityClaim | None:
        """Return the actor's verified identity, None below level 2."""
        user = self.session.get(User, self.work.actor.user_id) if self.work.actor.user_id else None
        return self.work.get(VerificationService).own(user) if user else None

    @staticmethod
    def _active() -> Select[User]:
        return select(User).where(User.disabled_at.is_(None), User.deleted_at.is_(None)).order_by(User.id)
