"""What somebody has proved counts only while their number, password and sessions are as they were at that moment."""

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
"""How long a proof is kept for the next page."""


@dataclass(frozen=True)
class Proof:
    """Who has proved who they are, by a password or a code.

    :ivar mark: of what it was proved against.
    """

    user_id: int
    mark: str


def proof_of(user: User) -> Proof:
    """Return the proof of a person as they are in this moment."""
    against = json.dumps([user.mobile, user.password_hash, user.session_epoch])
    return Proof(user.id, hashlib.sha256(against.encode()).hexdigest())


def changes_elsewhere(actor: Identity, user: User) -> bool:
    """Return whether members of staff change their own account in a citizen session, which one code by SMS opens."""
    return actor.user_id == user.id and actor.door == "citizen" and user.username is not None


def require_own_realm(actor: Identity, user: User) -> None:
    """Refuse to change the staff sign-in in a citizen session, for which a code by SMS suffices.

    :raises Forbidden: in a citizen session of a member of staff.
    """
    if changes_elsewhere(actor, user):
        raise Forbidden("a staff account is not changed in a citizen session")


class ProofService(Service):
    """Keep a proof for the next page of the same browser, and tell whether it counts still."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.sessions = work.get(SessionService)

    def keep(self, token: str, key: str, proof: Proof) -> None:
        """Keep a proof under a key for this browser."""
        kept = {**asdict(proof), "at": self.work.clock.now().isoformat()}
        self.sessions.keep_visitor_data(token, key, kept, KEPT)

    def person_kept(self, token: str, key: str, *, lock: bool = False) -> User | None:
        """Return whose proof is kept under a key; None when there is none, or it counts no longer."""
        kept = self.sessions.visitor_data(token, key)
        # Anything else is of older code.
        if not isinstance(kept, dict):
            return None
        # Otherwise it was kept in the future: the clock was set back.
        if datetime.fromisoformat(kept["at"]) > self.work.clock.now() + SKEW:
            return None
        return self.person(Proof(kept["user_id"], kept["mark"]), lock=lock)

    def person(self, proof: Proof, *, lock: bool = False) -> User | None:
        """Return who has proved who they are; None when number, password or sessions were changed since.

        :param lock: read it to act on it (``FOR UPDATE``): nothing of it changes meanwhile.
        """
        user = self.work.session.get(User, proof.user_id, with_for_update=lock, populate_existing=True)
        return user if user is not None and proof_of(user) == proof else None
