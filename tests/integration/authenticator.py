"""An authenticator in software: makes passkeys and signs with them as a phone does (WebAuthn Level 3, ES256)."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def to_text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def to_bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One device with one passkey.

    :ivar verifies: whether it asks for a fingerprint or PIN.
    :ivar counter: signature counter; it stays 0 where ``step`` is 0, as synchronised passkeys do.
    """

    origin: str = "http://localhost"
    verifies: bool = True
    counter: int = 0
    step: int = 1
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes = b""

    def create(self, options: dict[str, Any]) -> str:
        """Answer the options of a registration."""
        self.handle = to_bytes(options["user"]["id"])
        data = self._data(options["rp"]["id"], ATTESTED) + bytes(16)
        data += len(self.credential_id).to_bytes(2, "big") + self.credential_id + self._cose()
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"])
        return self._credential(
            clientDataJSON=to_text(client), attestationObject=to_text(attestation), transports=["internal"]
        )

    def get(self, options: dict[str, Any], *, origin: str = "", handle: bytes | None = None) -> str:
        """Answer the options of a sign-in.

        :param origin: of a page that pretends to be the portal's.
        """
        self.counter += self.step
        data = self._data(options["rpId"], 0)
        client = self._client("webauthn.get", options["challenge"], origin)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._credential(
            clientDataJSON=to_text(client),
            authenticatorData=to_text(data),
            signature=to_text(signature),
            userHandle=to_text(self.handle if handle is None else handle),
        )

    def _client(self, kind: str, challenge: str, origin: str = "") -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": origin or self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _data(self, rp_id: str, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _cose(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        point = {-2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        return cbor2.dumps({1: 2, 3: -7, -1: 1, **point})

    def _credential(self, **response: object) -> str:
        name = to_text(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
