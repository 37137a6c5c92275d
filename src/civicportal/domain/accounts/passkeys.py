"""Passkeys (WebAuthn Level 3): registration and assertions, each challenge answered once."""

import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from civicportal.core.clock import SKEW
from civicportal.core.crypto import same
from civicportal.core.db import changed_rows
from civicportal.core.work import Service
from civicportal.domain.accounts.factors import FactorService
from civicportal.domain.accounts.messages import AccountMessages
from civicportal.domain.accounts.models import Passkey, PasskeyChallenge, User
from civicportal.domain.accounts.proofs import require_own_realm
from civicportal.domain.accounts.relying_party import (
    PasskeyRefused,
    RelyingParty,
    challenge_of,
    descriptor,
    read_new,
    read_shown,
    transports,
)
from civicportal.domain.audit.services import AuditService
from civicportal.util.errors import Conflict, NotFound, Refused
from civicportal.util.i18n import _

#: WebAuthn Level 3 §15.1 recommends 5 to 10 minutes.
LIFE = timedelta(minutes=5)
MOST_PASSKEYS = 20
"""Maximum passkeys of one person."""

Purpose = Literal["register", "login", "staff", "second", "confirm", "reset"]


class PasskeyKnown(Conflict):
    """The credential is registered already."""


def serves(passkey: Passkey, owner: User, purpose: Purpose) -> bool:
    """Return whether a passkey may be used for a purpose.

    One that was registered in a citizen session signs its person in as a citizen only, even if they are staff now; it
    is not accepted for a staff session, nor for re-authentication of staff.
    """
    if purpose == "login" or (purpose == "confirm" and owner.username is None):
        return True
    return passkey.for_staff and owner.username is not None and owner.deleted_at is None


class PasskeyService(Service):
    """Issue challenges, accept their answers, and store the passkeys of people."""

    # --- challenges

    def registration_options(self, user: User, party: RelyingParty, cookie_hash: str) -> str:
        """Return the JSON for ``navigator.credentials.create``.

        :raises Refused: when the person has the maximum number already.
        """
        import webauthn
        from webauthn.helpers import structs

        known = self.of(user)
        if len(known) >= MOST_PASSKEYS:
            raise Refused(_("There are very many passkeys already: remove one first."))
        options = webauthn.generate_registration_options(
            rp_id=party.id,
            rp_name=self.work.site.name,
            user_name=self._user_name(user),
            user_display_name=user.name or self._user_name(user),
            user_id=self._handle(user),
            timeout=int(LIFE.total_seconds() * 1000),
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED,
                user_verification=structs.UserVerificationRequirement.PREFERRED,
            ),
            exclude_credentials=[descriptor(passkey) for passkey in known],
        )
        self._hand_out(options.challenge, "register", cookie_hash, user)
        return webauthn.options_to_json(options)

    def assertion_options(
        self, purpose: Purpose, party: RelyingParty, cookie_hash: str, user: User | None = None
    ) -> str:
        """Return the JSON for ``navigator.credentials.get``.

        :param user: the person whose passkey has to answer; None lets the browser offer all it knows.
        """
        import webauthn
        from webauthn.helpers import structs

        known = self.usable(user, purpose) if user else []
        options = webauthn.generate_authentication_options(
            rp_id=party.id,
            timeout=int(LIFE.total_seconds() * 1000),
            allow_credentials=[descriptor(passkey) for passkey in known],
            user_verification=structs.UserVerificationRequirement.PREFERRED
            if user
            else structs.UserVerificationRequirement.REQUIRED,
        )
        self._hand_out(options.challenge, purpose, cookie_hash, user)
        return webauthn.options_to_json(options)

    # --- answers

    def register(
        self, user: User, answer: str, party: RelyingParty, cookie_hash: str, *, name: str, for_staff: bool
    ) -> Passkey:
        """Store the passkey that a browser has created.

        :param answer: the JSON of the ``PublicKeyCredential``.
        :param for_staff: whether it can open staff sessions, because it is registered in one.
        :raises PasskeyRefused: when the answer is not valid.
        :raises PasskeyKnown: when the credential is registered already, for any account.
        """
        from webauthn.helpers import bytes_to_base64url

        require_own_realm(self.work.actor, user)
        made = read_new(answer, self._take(answer, "register", cookie_hash, user.id), party)
        passkey = Passkey(
            user_id=user.id,
            credential_id=bytes_to_base64url(made.credential_id),
            public_key=made.credential_public_key,
            user_handle=bytes_to_base64url(self._handle(user)),
            sign_count=made.sign_count,
            transports=transports(answer),
            name=name,
            for_staff=for_staff,
            created_at=self.work.clock.now(),
        )
        try:
            with self.work.savepoint():
                self.session.add(passkey)
                self.session.flush()
        except IntegrityError:
            raise PasskeyKnown("the credential is registered already") from None
        self.work.get(AuditService).record("passkey:add", subject_id=user.id, passkey=passkey.id)
        self.work.get(FactorService).added(user, for_staff=for_staff)
        return passkey

    def check(
        self,
        purpose: Purpose,
        answer: str,
        party: RelyingParty,
        cookie_hash: str,
        user: User | None = None,
    ) -> User | PasskeyRefused:
        """Return the owner of the passkey that has answered.

        Call it in a unit of work that is committed in any case: a wrong answer uses up the challenge too, and a passkey
        that may have been copied is blocked.

        :param answer: the JSON of the ``PublicKeyCredential``.
        :param user: the person whose passkey has to answer; None for anyone's, in which case the device must verify its
            user.
        """
        try:
            challenge = self._take(answer, purpose, cookie_hash, user.id if user else None)
            passkey, owner = self._find(answer, purpose, user)
            self._verify(passkey, answer, challenge, party, require_user=user is None)
        except PasskeyRefused as refusal:
            return refusal
        return owner

    # --- passkeys of a person

    def of(self, user: User) -> Sequence[Passkey]:
        """Return the passkeys of a person, oldest first."""
        return self.session.scalars(
            select(Passkey).where(Passkey.user_id == user.id).order_by(Passkey.id)
        ).all()

    def usable(self, user: User, purpose: Purpose) -> Sequence[Passkey]:
        """Return the passkeys usable for a purpose."""
        return [one for one in self.of(user) if one.blocked_at is None and serves(one, user, purpose)]

    def fetch(self, user: User, passkey_id: int) -> Passkey:
        """Return a passkey of a person.

        :raises NotFound: when there is none of this id.
        """
        passkey = self.session.get(Passkey, passkey_id, with_for_update=True)
        if passkey is None or passkey.user_id != user.id:
            raise NotFound("no such passkey")
        return passkey

    def rename(self, passkey: Passkey, name: str) -> None:
        """Rename a passkey."""
        passkey.name = name
        self.session.flush()

    def remove(self, user: User, passkey: Passkey) -> None:
        """Remove a passkey: it can no longer sign in.

        :raises Refused: when it is the last factor of a person who needs one.
        """
        require_own_realm(self.work.actor, user)
        factors = self.work.get(FactorService)
        if passkey.for_staff:
            factors.require_removable(user, passkey)
        self.session.delete(passkey)
        self.work.get(AuditService).record("passkey:remove", subject_id=user.id, passkey=passkey.id)
        factors.removed(user)

    # --- inside

    def _hand_out(self, challenge: bytes, purpose: Purpose, cookie_hash: str, user: User | None) -> None:
        self.session.add(
            PasskeyChallenge(
                challenge_hash=_digest(challenge),
                purpose=purpose,
                cookie_hash=cookie_hash,
                user_id=user.id if user else None,
                expires_at=self.work.clock.now() + LIFE,
            )
        )
        self.session.flush()

    def _take(self, answer: str, purpose: Purpose, cookie_hash: str, user_id: int | None) -> bytes:
        """Use up the challenge of an answer and return it.

        One conditional statement decides, so only one of several copies of an answer is accepted.
        """
        challenge, now = challenge_of(answer), self.work.clock.now()
        owner = PasskeyChallenge.user_id.is_(None) if user_id is None else PasskeyChallenge.user_id == user_id
        taken = self.session.execute(
            delete(PasskeyChallenge).where(
                PasskeyChallenge.challenge_hash == _digest(challenge),
                PasskeyChallenge.purpose == purpose,
                PasskeyChallenge.cookie_hash == cookie_hash,
                PasskeyChallenge.expires_at > now,
                # Otherwise it was issued in the future: the clock was set back.
                PasskeyChallenge.expires_at <= now + LIFE + SKEW,
                owner,
            )
        )
        if not changed_rows(taken):
            raise PasskeyRefused("expired")
        return challenge

    def _find(self, answer: str, purpose: Purpose, user: User | None) -> tuple[Passkey, User]:
        """Return the passkey that has answered and its owner."""
        sent = json.loads(answer)
        query = select(Passkey, User).join(User, User.id == Passkey.user_id)
        found = self.session.execute(query.where(Passkey.credential_id == sent["id"])).first()
        if found is None or (user is not None and found[1].id != user.id):
            raise PasskeyRefused("unknown")
        passkey, owner = found
        if owner.disabled_at or (owner.deleted_at and not owner.has_left):
            raise PasskeyRefused("unknown")
        if not serves(passkey, owner, purpose):
            raise PasskeyRefused("unknown")
        if passkey.blocked_at:
            raise PasskeyRefused("copied")
        # WebAuthn Level 3 §7.2, step 6: the handle must be the owner's; it is sent if no user was given before.
        handle = sent["response"].get("userHandle")
        if handle is None and user is None:
            raise PasskeyRefused("invalid")
        if handle is not None and not same(str(handle), passkey.user_handle):
            raise PasskeyRefused("invalid")
        return passkey, owner

    def _verify(
        self, passkey: Passkey, answer: str, challenge: bytes, party: RelyingParty, *, require_user: bool
    ) -> None:
        shown = read_shown(answer, challenge, party, passkey.public_key)
        if require_user and not shown.user_verified:
            raise PasskeyRefused("unverified")
        if not self._count(passkey, shown.new_sign_count):
            self._block(passkey)
            raise PasskeyRefused("copied")

    def _count(self, passkey: Passkey, counter: int) -> bool:
        """Store the signature counter; False if it has not increased.

        Many passkeys always send 0 (§6.1.1).
        """
        grows = Passkey.sign_count < counter if counter else Passkey.sign_count == 0
        counted = self.session.execute(
            update(Passkey)
            .where(Passkey.id == passkey.id, Passkey.blocked_at.is_(None), grows)
            .values(sign_count=counter, last_used_at=self.work.clock.now())
            .execution_options(synchronize_session=False)
        )
        return bool(changed_rows(counted))

    def _block(self, passkey: Passkey) -> None:
        passkey.blocked_at = self.work.clock.now()
        self.session.flush()
        self.work.get(AuditService).record("passkey:block", subject_id=passkey.user_id, passkey=passkey.id)
        self.work.get(AccountMessages).notify(
            "member.passkey_blocked", self.session.get_one(User, passkey.user_id)
        )

    def _handle(self, user: User) -> bytes:
        return self.work.site.keys.mac("passkey-user", str(user.id))

    def _user_name(self, user: User) -> str:
        mobile = self.work.site.country.display_mobile(user.mobile) if user.mobile else ""
        return user.username or mobile or user.name


def _digest(challenge: bytes) -> str:
    return hashlib.sha256(challenge).hexdigest()
