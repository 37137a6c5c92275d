"""Keys derived from the site's secret, encryption, keyed hashes, one-time codes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["CannotDecrypt", "Keys", "new_token", "same", "token_hash"]

MINIMUM_KEY_BYTES = 32
MARK = 5
"""Number of leading characters of an encrypted text that identify its key."""
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12


class CannotDecrypt(ValueError):
    """The text is damaged, or its key is missing."""


def new_token() -> str:
    """Return a new random token of 256 bits, 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return the SHA-256 of a token as 64 hex digits.

    A plain hash is enough for a value of 256 random bits; values chosen by people go through `Keys.mac`.
    """
    return hashlib.sha256(_bytes(token)).hexdigest()


def same(left: str | bytes, right: str | bytes) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(_bytes(left), _bytes(right))


class Keys:
    """The site's keys.

    :param secret: the site's secret, 32 bytes or more; sessions, codes and indexes depend on it.
    :param pii_keys: encryption keys, 32 bytes or more each, newest first. The newest one encrypts,
    all of them decrypt, so a key is changed by putting a new one in front.
    :raises ValueError: if a key is too short or `pii_keys` is empty.
    """

    def __init__(self, secret: bytes, pii_keys: Sequence[bytes]) -> None:
        if not pii_keys:
            raise ValueError("pii_keys is empty: at least one key is needed")
        for name, key in (("secret", secret), *(("pii_keys", key) for key in pii_keys)):
            if len(key) < MINIMUM_KEY_BYTES:
                raise ValueError(
                    f"{name}: a key has {len(key)} bytes, at least {MINIMUM_KEY_BYTES} are needed"
                )
        self._secret = secret
        self._derived: dict[str, bytes] = {}
        self._ciphers = {_key_id(key): AESGCM(_hkdf(key, "pii:encrypt")) for key in reversed(pii_keys)}
        self._newest = _key_id(pii_keys[0])
        self._checks = {_key_id(key): _hkdf(key, "pii:check") for key in pii_keys}

    def __repr__(self) -> str:
        return "<Keys>"

    def derive(self, purpose: str) -> bytes:
        """Return the 32-byte key of one purpose.

        Keys of different purposes are independent.
        """
        if purpose not in self._derived:
            self._derived[purpose] = _hkdf(self._secret, purpose)
        return self._derived[purpose]

    def mac(self, purpose: str, *parts: str | bytes) -> bytes:
        """Return the HMAC-SHA256 (32 bytes) of `parts` under the key of `purpose`.

        Every part is prefixed with its length, so ("a", "bc") and ("ab", "c") differ.
        """
        digest = hmac.new(self.derive(purpose), digestmod=hashlib.sha256)
        for part in map(_bytes, parts):
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.digest()

    def encrypt(self, text: str) -> str:
        """Encrypt with the newest key (AES-256-GCM).

        The result is ASCII and contains the key's id.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, text.encode(), self._newest)
        return base64.urlsafe_b64encode(self._newest + nonce + sealed).decode()

    def decrypt(self, encrypted: str) -> str:
        """Return the decrypted text.

        :raises CannotDecrypt: if the text is damaged or its key is no longer in `pii_keys`.
        """
        try:
            raw = base64.b64decode(encrypted, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise CannotDecrypt("not an encrypted text") from None
        key_id, nonce, sealed = raw[:4], raw[4:16], raw[16:]
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise CannotDecrypt(f"unknown key {key_id.hex()}: is it missing from pii_keys?")
        try:
            return cipher.decrypt(nonce, sealed, key_id).decode()
        except (InvalidTag, ValueError):
            raise CannotDecrypt("the encrypted text was damaged") from None

    @property
    def newest_mark(self) -> str:
        """Return the prefix of texts encrypted with the newest key."""
        return _mark(self._newest)

    @property
    def older_marks(self) -> frozenset[str]:
        """Return the same for the other keys."""
        return frozenset(map(_mark, self._ciphers)) - {self.newest_mark}

    @property
    def newest_id(self) -> str:
        """Return the id of the encrypting key.

        Its 8 hexadecimal digits are part of every ciphertext.
        """
        return self._newest.hex()

    def secret_mark(self, portal: str) -> str:
        """Return a check value of the secret (32 hex digits).

        The secret cannot be computed from it.

        :param portal: id of the portal, so that portals with the same secret have different check values.
        """
        return self.mac("portal:mark", portal).hex()[:32]

    def key_marks(self, portal: str) -> dict[str, str]:
        """Return the check values of the encryption keys by key id."""
        return {
            key_id.hex(): hmac.digest(check, portal.encode(), "sha256").hex()[:32]
            for key_id, check in self._checks.items()
        }

    def blind_index(self, text: str) -> str:
        """Return the blind index of a text (64 hex digits).

        The caller normalises the text first.

        Derived from the secret, not from an encryption key, so that key rotation does not change it.
        """
        return self.mac("blind-index", text).hex()

    def otp_code(self, nonce: bytes, digits: int = 6) -> str:
        """Return the code of a challenge, which is not stored.

        It is HMAC-SHA256(OTP key, nonce) mod 10^digits.
        """
        number = int.from_bytes(self.mac("otp", nonce), "big") % 10**digits
        return f"{number:0{digits}d}"

    def otp_matches(self, nonce: bytes, code: str, digits: int = 6) -> bool:
        """Compare a code with that of the challenge in constant time."""
        return same(self.otp_code(nonce, digits), code)


def own_secret(folder: Path) -> str:
    """Return the generated secret of a demo or development site.

    :param folder: where it is stored, readable by its owner only.
    """
    path = folder / "secret"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(os.urandom(32).hex())
    return path.read_text()


def _hkdf(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"civicportal:" + purpose.encode()).derive(key)


def _key_id(key: bytes) -> bytes:
    return _hkdf(key, "pii:id")[:_KEY_ID_BYTES]


def _mark(key_id: bytes) -> str:
    return base64.urlsafe_b64encode(key_id).decode()[:MARK]


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
