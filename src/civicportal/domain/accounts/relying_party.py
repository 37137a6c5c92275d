"""This portal as a WebAuthn relying party."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from civicportal.domain.accounts.models import Passkey
from civicportal.util.errors import Refused
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor
    from webauthn.registration.verify_registration_response import VerifiedRegistration

    from civicportal.core.site import Site

LONGEST_ID = 1023
"""Maximum bytes of a credential id, WebAuthn Level 3 §4."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,1364}", re.ASCII)
"""Length of such an id as base64url."""
_TRANSPORTS = {"ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"}

Refusal = Literal["expired", "unknown", "invalid", "copied", "unverified"]


@dataclass(frozen=True)
class RelyingParty:
    """Domain and origin of passkeys.

    :ivar id: the RP ID.
    :ivar origin: as ``clientDataJSON`` writes it.
    """

    id: str
    origin: str


def relying_party(site: "Site", host_url: str) -> RelyingParty | None:
    """Return the relying party of a page.

    It is None if browsers do not offer passkeys there. They do not at an IP address, without https (except on
    localhost), or at a host outside the domain of ``site.public_url``.

    :param host_url: scheme, host and port of the page.
    """
    here, home = urlsplit(host_url), urlsplit(site.public_url)
    host, domain = here.hostname or "", home.hostname or ""
    if not _is_domain(host) or (here.scheme != "https" and host != "localhost"):
        return None
    if not _is_domain(domain):
        domain = host
    if host == domain or host.endswith(f".{domain}"):
        return RelyingParty(domain, host_url)
    # A demo or development portal also answers at host names other than that of its URL.
    return None if site.is_production else RelyingParty(host, host_url)


class PasskeyRefused(Refused):
    """The browser's answer is not valid.

    :ivar why: for the audit trail.
    """

    def __init__(self, why: Refusal) -> None:
        super().__init__(WHY_NOT[why])
        self.why = why


WHY_NOT = {
    "expired": _("This took too long, or the page was used before. Please try again."),
    "unknown": _("This passkey is not registered here. Please sign in another way."),
    "invalid": _("The passkey could not be verified. Please try again or sign in another way."),
    "copied": _("This passkey was blocked because there may be a copy of it. Please sign in another way."),
    "unverified": _("Your device did not ask for your fingerprint, face or PIN. Please sign in another way."),
}


def read_new(answer: str, challenge: bytes, party: RelyingParty) -> "VerifiedRegistration":
    """Verify the registration response of an authenticator.

    :raises PasskeyRefused: when it is not valid.
    """
    import webauthn

    with _refusing():
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
        )
    # §7.1, step 25.
    if len(made.credential_id) > LONGEST_ID:
        raise PasskeyRefused("invalid")
    return made


def read_shown(
    answer: str, challenge: bytes, party: RelyingParty, public_key: bytes
) -> "VerifiedAuthentication":
    """Verify the authentication response of an authenticator.

    The caller compares the counter after the signature is verified: otherwise an attacker could block a passkey.

    :raises PasskeyRefused: when it is not valid.
    """
    import webauthn

    with _refusing():
        return webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
        )


@contextmanager
def _refusing() -> Iterator[None]:
    """Refuse an answer that cannot be verified."""
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        yield
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise PasskeyRefused("invalid") from None


def challenge_of(answer: str) -> bytes:
    """Return the challenge in an answer."""
    from webauthn.helpers import base64url_to_bytes

    try:
        sent = json.loads(answer)
        named = json.loads(base64url_to_bytes(sent["response"]["clientDataJSON"]))["challenge"]
        if not _ID.fullmatch(sent["id"]) or not isinstance(named, str):
            raise TypeError("no id, or no challenge")
        return base64url_to_bytes(named)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise PasskeyRefused("invalid") from None


def transports(answer: str) -> list[str]:
    """Return the known transports that the answer of a registration names."""
    told = json.loads(answer)["response"].get("transports")
    return sorted(_TRANSPORTS & {str(one) for one in told}) if isinstance(told, list) else []


def descriptor(passkey: Passkey) -> "PublicKeyCredentialDescriptor":
    """Return a passkey as options of a browser name it."""
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.structs import AuthenticatorTransport, PublicKeyCredentialDescriptor

    return PublicKeyCredentialDescriptor(
        id=base64url_to_bytes(passkey.credential_id),
        transports=[AuthenticatorTransport(name) for name in passkey.transports],
    )


def _is_domain(host: str) -> bool:
    with suppress(ValueError):
        ip_address(host)
        return False
    return bool(host)
