"""A device that keeps one passkey, as a browser lets it answer; each part of an answer can be made wrong."""

import json
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestedCredentialData, AuthenticatorData

SITE = "https://desk.example.com"
PRESENT, VERIFIED = AuthenticatorData.FLAG.UP, AuthenticatorData.FLAG.UV
Answer = dict[str, Any]


class Device:
    """A device with one passkey of one person. `flags` are what it claims: presence, and a finger or PIN."""

    def __init__(self, origin: str = SITE, host: str = "desk.example.com") -> None:
        self.origin, self.host, self.flags = origin, host, PRESENT | VERIFIED
        self.credential_id = b"a passkey of the tests"
        self._key = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: dict[str, Any]) -> Answer:
        """Answer to the options of a registration."""
        public = ES256.from_cryptography_key(self._key.public_key())
        attested = AttestedCredentialData.create(b"\0" * 16, self.credential_id, public)
        flags = self.flags | AuthenticatorData.FLAG.AT
        data = AuthenticatorData.create(self._host_hash, flags, 0, attested)
        statement = cbor.encode({"fmt": "none", "attStmt": {}, "authData": bytes(data)})
        return self._answer({"attestationObject": websafe_encode(statement)}, self._said("webauthn.create", options))

    def get(self, options: dict[str, Any], user_handle: str) -> Answer:
        """Answer to the options of a sign-in."""
        said = self._said("webauthn.get", options)
        data = bytes(AuthenticatorData.create(self._host_hash, self.flags, 1))
        signature = self._key.sign(data + sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        parts = {
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(signature),
            "userHandle": websafe_encode(user_handle.encode()),
        }
        return self._answer(parts, said)

    @property
    def _host_hash(self) -> bytes:
        return sha256(self.host.encode()).digest()

    def _said(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["publicKey"]["challenge"], "origin": self.origin}
        return json.dumps(said).encode()

    def _answer(self, parts: dict[str, str], said: bytes) -> Answer:
        name = websafe_encode(self.credential_id)
        response = parts | {"clientDataJSON": websafe_encode(said)}
        return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
