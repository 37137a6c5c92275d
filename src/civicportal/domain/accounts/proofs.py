"""Proofs of identity that become invalid when number, password or sessions change."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from civicportal.core.clock import SKEW
from civicportal.core.security import Identity
from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.util.errors import Forbidden

if TYPE_CHECKING:
    from civicportal.core.work import Work

KEPT = timedelta(minutes=10)
"""Life of a proof for the next page."""


@dataclass(frozen=True)
class Proof:
    """A proof of identity by a password or a code.

    :ivar mark: digest of the account's state at that time.
    """

    user_id: int
    mark: str


def proof_of(user: User) -> Proof:
    """Return the proof of a person in their current state."""
    against = json.dumps([user.mobile, user.password_hash, user.session_epoch])
    return Proof(user.id, hashlib.sha256(against.encode()).hexdigest())


def needs_staff_session(actor: Identity, user: User) -> bool:
    """Return whether staff would change their account in a citizen session, which one code by SMS opens."""
    return actor.user_id == user.id and actor.realm == "citizen" and user.username is not None


def require_own_realm(actor: Identity, user: User) -> None:
    """Refuse to change the sign-in of staff in a citizen session, for which one code by SMS is enough.

    :raises Forbidden: in a citizen session of a member of staff.
    """
    if needs_staff_session(actor, user):
        raise Forbidden("a staff account is not changed in a citizen session")


class ProofService(Service):
    """Proofs for the next page of the same browser."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.sessions = work.get(SessionService)

    def keep(self, token: str, key: str, proof: Proof) -> None:
        """Store a proof under a key for this browser."""
        kept = {**asdict(proof), "at": self.work.clock.now().isoformat()}
        self.sessions.keep_visitor_data(token, key, kept, KEPT)

    def person_kept(self, token: str, key: str, *, lock: bool = False) -> User | None:
        """Return the person of a stored proof.

        It is None when there is none or it is invalid.
        """
        kept = self.sessions.visitor_data(token, key)
        # Anything else was stored by an older release.
        if not isinstance(kept, dict):
            return None
        # Otherwise it was stored in the future: the clock was set back.
        if datetime.fromisoformat(kept["at"]) > self.work.clock.now() + SKEW:
            return None
        return self.person(Proof(kept["user_id"], kept["mark"]), lock=lock)

    def person(self, proof: Proof, *, lock: bool = False) -> User | None:
        """Return the person of a proof.

        It is None when number, password or sessions were changed since.

        :param lock: lock the row (``FOR UPDATE``), so that it does not change before the transaction ends.
        """
        user = self.work.session.get(User, proof.user_id, with_for_update=lock, populate_existing=True)
        return user if user is not None and proof_of(user) == proof else None
