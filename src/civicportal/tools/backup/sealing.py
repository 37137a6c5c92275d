"""Encryption (age) and signature of backups."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from civicportal.tools.backup.errors import BackupError
from civicportal.util.errors import ConfigurationError

if TYPE_CHECKING:
    from pyrage import Identity, Recipient

    from civicportal.core.site import Site

SUFFIX = ".age"
MAGIC = b"age-encryption.org/v1"
_CONTEXT = b"civicportal backup, format 2\0"


def _age() -> ModuleType:
    try:
        import pyrage
    except ImportError:
        raise ConfigurationError(
            "encrypted backups need the package pyrage: pip install civicportal[backup]"
        ) from None
    return pyrage


def recipients(site: "Site") -> "list[Recipient]":
    """Return the public keys for encryption, none if ``backup.recipients`` is empty.

    :raises ConfigurationError: for an invalid key, with its name.
    """
    named: Sequence[str] = site.settings["backup"]["recipients"]
    return [_recipient(site, text) for text in named]


def _recipient(site: "Site", text: str) -> "Recipient":
    age = _age()
    kind = age.ssh if text.startswith("ssh-") else age.x25519
    try:
        return kind.Recipient.from_str(text.strip())
    except age.RecipientError:
        shown = text if text.startswith("age1") else f"{text[:12]}…"
        raise ConfigurationError(
            f"{site.path}: backup.recipients: {shown!r} is no public key (age1…, ssh-ed25519 …)"
        ) from None


def read_identities(path: Path) -> "list[Identity]":
    """Read the private keys in a file written by ``age-keygen`` or ``ssh-keygen``.

    :raises BackupError: when there is none in it.
    """
    age = _age()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BackupError(f"{path}: {error}") from error
    try:
        if "PRIVATE KEY" in text:
            return [age.ssh.Identity.from_buffer(text.encode())]
        lines = [line.strip() for line in text.splitlines()]
        found = [age.x25519.Identity.from_str(line) for line in lines if line.startswith("AGE-SECRET-KEY-")]
    except age.IdentityError as error:
        raise BackupError(f"{path}: {error}") from None
    if not found:
        raise BackupError(f"{path}: this file has no private key of age (AGE-SECRET-KEY-…)")
    return found


def is_sealed(file: BinaryIO) -> bool:
    """Return whether a file is encrypted, and rewind it."""
    begin = file.read(len(MAGIC))
    file.seek(0)
    return begin == MAGIC


def seal(source: BinaryIO, target: BinaryIO, keys: "list[Recipient]") -> None:
    """Encrypt a file for public keys."""
    _age().encrypt_io(source, target, keys)


def unseal(source: BinaryIO, target: BinaryIO, identities: "list[Identity]", name: str) -> None:
    """Decrypt a file.

    :param name: of the file, for messages.
    :raises BackupError: when no identity opens it, or it was changed.
    """
    if not identities:
        raise BackupError(f"{name} is encrypted: give the file with the private key, --identity FILE")
    age = _age()
    try:
        age.decrypt_io(source, target, identities)
    except age.DecryptError as error:
        raise BackupError(f"{name} cannot be decrypted with this key, or was changed: {error}") from None


def public_key(site: "Site") -> str:
    """Return the public key for verifying this portal's backups, 64 hexadecimal digits."""
    return _own_key(site).public_key().public_bytes_raw().hex()


def sign(site: "Site", sums: bytes) -> bytes:
    """Return the signature file for the digest of an archive's checksums."""
    signature = _own_key(site).sign(_CONTEXT + sums).hex()
    return json.dumps({"ed25519": signature, "public_key": public_key(site)}).encode() + b"\n"


def check_signature(content: bytes, sums: bytes, trusted: str) -> None:
    """Refuse an archive that this portal did not make.

    :param sums: digest of the archive's checksums.
    :param trusted: public key, hexadecimal.
    :raises BackupError: when the signature is damaged, from another portal, or for other data.
    """
    try:
        values = json.loads(content)
        signature = bytes.fromhex(values["ed25519"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BackupError("the signature of the backup cannot be read") from None
    if values.get("public_key") != trusted:
        raise BackupError(
            f"the backup was signed by another portal or with another site.secret (key {values.get('public_key')})"
        )
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(trusted)).verify(signature, _CONTEXT + sums)
    except (InvalidSignature, ValueError):
        raise BackupError("the signature does not fit: the backup was changed after it was made") from None


def digest_of(file: BinaryIO) -> tuple[str, int]:
    """Return SHA-256 (hex) and size of the rest of a file."""
    digest, size = hashlib.sha256(), 0
    while block := file.read(1024 * 1024):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size


def _own_key(site: "Site") -> Ed25519PrivateKey:
    """Return the signing key, derived from ``site.secret``.

    A restore needs that secret anyway, so there is no further key to store.
    """
    return Ed25519PrivateKey.from_private_bytes(site.keys.derive("backup:sign"))
