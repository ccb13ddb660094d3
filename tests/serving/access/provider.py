"""A small OpenID provider as a process of its own: real keys, codes used once, PKCE checked; it lies when asked to.

`python -m tests.serving.access.provider PORT`. The browser adds `as` (who signs in there) and `lie` to the address that
it was sent to: wrong_audience, wrong_issuer, expired, wrong_nonce, forged, unsigned, by_our_secret, two_audiences.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

CLIENT, SECRET = "county-lights", "a secret: kept / here"
KEY, STRANGE = (RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}) for _ in range(2))
CURVED = ECKey.generate_key("P-256", {"kid": "two", "use": "sig"})
CODES: dict[str, dict[str, str]] = {}


def claims_of(asked: dict[str, str], issuer: str) -> dict[str, Any]:
    now, lie = int(time.time()), asked.get("lie")
    return {
        "iss": "https://elsewhere.example" if lie == "wrong_issuer" else issuer,
        "aud": {"wrong_audience": "another", "two_audiences": [CLIENT, "another"]}.get(lie or "", CLIENT),
        "sub": "subject-1",
        "preferred_username": asked["as"],
        "nonce": "another" if lie == "wrong_nonce" else asked["nonce"],
        "iat": now - 900,
        "exp": now - 120 if lie == "expired" else now + 300,
    }


def token_for(asked: dict[str, str], issuer: str) -> str:
    claims = claims_of(asked, issuer)
    match asked.get("lie"):
        case "unsigned":
            parts = (json.dumps(each).encode() for each in ({"alg": "none", "kid": "one"}, claims))
            return ".".join(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in parts) + "."
        case "by_our_secret":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
        case "curved":
            return jwt.encode({"alg": "ES256", "kid": "two"}, claims, CURVED)
        case lie:
            return jwt.encode({"alg": "RS256", "kid": "one"}, claims, STRANGE if lie == "forged" else KEY)


class Provider(BaseHTTPRequestHandler):
    """Discovery document, keys, authorize, token."""

    server: HTTPServer

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        match parts.path:
            case "/.well-known/openid-configuration":
                ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
                self.tell({"issuer": self.issuer, **{name: f"{self.issuer}/{end}" for name, end in ends.items()}})
            case "/keys":
                self.tell(dict(KeySet([KEY, CURVED]).as_dict(private=False)))
            case "/authorize":
                self.authorize(dict(parse_qsl(parts.query)))
            case _:
                self.tell({"error": "not_found"}, 404)

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
        asked = CODES.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        pair = urlencode({CLIENT: SECRET}).replace("=", ":", 1).replace("+", "%20")
        is_client = self.headers["authorization"] == f"Basic {base64.b64encode(pair.encode()).decode()}"
        is_proven = asked and asked["code_challenge"] == challenge.rstrip("=")
        if not asked or not is_client or not is_proven or form["redirect_uri"] != asked["redirect_uri"]:
            self.tell({"error": "invalid_grant"}, 400)
        else:
            self.tell({"access_token": "-", "token_type": "Bearer", "id_token": token_for(asked, self.issuer)})

    def authorize(self, asked: dict[str, str]) -> None:
        code = secrets.token_urlsafe(16)
        CODES[code] = asked
        self.send_response(302)
        self.send_header("location", f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")
        self.end_headers()

    def tell(self, what: dict[str, Any], status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(what).encode())

    def log_message(self, *_: object) -> None:
        """In silence."""


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Provider).serve_forever()
