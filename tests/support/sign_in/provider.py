"""A stand-in provider of OpenID Connect on loopback: it signs in whoever is sent there, and can lie."""

import base64
import json
import time
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, SECRET = "phone-desk", "a client secret of the tests"


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Provider:
    """The provider's state. `claims` replace those of the next tokens; None leaves one out."""

    claims: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=_key)
    # With what tokens are signed, if not with `key`, and how.
    signing_key: Any = None
    algorithm: str = "RS256"
    # What is answered instead of a code, and the status of the token's answer.
    error: str = ""
    token_status: int = 200
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def start(self) -> ThreadingHTTPServer:
        """Listen on a free port of this machine."""
        provider = self

        class Handler(_Handler):
            pass

        Handler.provider = provider
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server

    def discovery(self) -> dict[str, Any]:
        """Return what the provider says of itself."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        } | self.config

    @property
    def _signs_with(self) -> Any:
        return self.signing_key if self.signing_key or self.algorithm == "none" else self.key

    def keys(self) -> dict[str, Any]:
        """Return the public key."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [public | {"kid": "first", "use": "sig", "alg": "RS256"}]}

    def back(self, address: str) -> str:
        """Return where the provider sends a browser that was sent to `address`."""
        asked = dict(parse_qsl(urlsplit(address).query))
        self.asked.append(asked)
        answer = {"error": self.error} if self.error else {"code": str(len(self.asked) - 1)}
        return f"{asked['redirect_uri']}?{urlencode(answer | {'state': asked['state']})}"

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        """Return tokens for a code, after the checks of a provider."""
        asked = self.asked[int(form["code"])]
        challenge = base64.urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        assert (form["client_id"], form["client_secret"]) == (CLIENT_ID, SECRET)
        assert (asked["code_challenge"], asked["code_challenge_method"]) == (challenge, "S256")
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": "248289761001",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "preferred_username": "eva",
            "name": "Eva Mora",
            "email": "viewer@example.com",
            "email_verified": False,
        } | self.claims
        told = {name: value for name, value in claims.items() if value is not None}
        signed = jwt.encode(told, self._signs_with, algorithm=self.algorithm, headers={"kid": "first"})
        return {"access_token": "an access token", "token_type": "Bearer", "id_token": signed}


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.provider.back(self.path))
            self.end_headers()
            return
        documents = {"/.well-known/openid-configuration": self.provider.discovery, "/keys": self.provider.keys}
        self._answer(200, documents[path]())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if self.provider.token_status != 200:
            self._answer(self.provider.token_status, {"error": "invalid_grant"})
            return
        self._answer(200, self.provider.token(form))

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""
