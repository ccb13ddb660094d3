"""The county's own directory (OpenID Connect): where people are sent to sign in, and whom its answer names."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from http.client import HTTPException
from importlib.util import find_spec
from typing import Any, Literal
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from features.messages import Refused, Words
from serving.access.credentials import SignInRefused
from serving.settings import Settings, is_safe

ALGORITHMS = ("RS256", "ES256")
"""What an answer may be signed by: never what the answer itself says."""
_LEEWAY, _PATIENCE, _MOST_BYTES = 60, 10, 1_000_000
"""Seconds that clocks may differ by; seconds an answer is waited for; and its size."""
_BASIC = "client_secret_basic"
_SILENT = Words(
    "统一身份目录没有正常应答; 请稍后再试, 或用密码登录, 并告知管理员。",
    "The directory does not answer as it should; try again later or use a password, and tell the administrator.",
)
_NOT_VOUCHED = Words(
    "统一身份目录的应答未通过校验 (签名、受众、签发者、时效或随机数); 请重新登录。",
    "The directory's answer cannot be trusted (signature, audience, issuer, time or nonce); sign in again.",
)


@dataclass(frozen=True)
class Sent:
    """What a browser was sent off with, and brings back in a cookie. wanted: the page it was on its way to."""

    state: str
    nonce: str
    verifier: str
    wanted: str
    language: str

    @property
    def challenge(self) -> str:
        return _plain(hashlib.sha256(self.verifier.encode()).digest())

    def as_cookie(self) -> str:
        return _plain(json.dumps(asdict(self)).encode())


def sent_off(wanted: str, language: str) -> Sent:
    """New secrets for one sign-in."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Sent(state, nonce, verifier, wanted, language)


def sent_in(cookie: str) -> Sent | None:
    """Read back from a cookie; None where it is none of ours."""
    try:
        kept = json.loads(base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)))
        sent = Sent(**kept)
    except (ValueError, TypeError, binascii.Error):
        return None
    return sent if all(isinstance(each, str) and each for each in asdict(sent).values()) else None


@dataclass(frozen=True)
class Directory:
    """One provider. claim: of its answer, names an account of ours.

    Its description and keys are read anew for each sign-in: these are few, and a key taken back is gone at once.
    """

    issuer: str
    client_id: str
    secret: str | None
    claim: Literal["preferred_username", "sub"]

    def address(self, sent: Sent, answer_at: str) -> str:
        """Where the browser goes. answer_at: the address it comes back to. Raises SignInRefused."""
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": answer_at,
            "scope": "openid profile",
            "state": sent.state,
            "nonce": sent.nonce,
            "code_challenge": sent.challenge,
            "code_challenge_method": "S256",
        }
        endpoint = _endpoint(self._described(), "authorization_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def name(self, sent: Sent, code: str, answer_at: str, at: datetime) -> str:
        """The account name that the directory vouches for. Raises SignInRefused where it vouches for nobody."""
        described = self._described()
        given = self._exchanged(described, {"code": code, "redirect_uri": answer_at, "code_verifier": sent.verifier})
        claims = self._claims(str(given.get("id_token", "")), _read(_endpoint(described, "jwks_uri")), sent, at)
        named = claims.get(self.claim)
        if not isinstance(named, str) or not named:
            raise SignInRefused(
                f"统一身份目录的应答中没有 {self.claim}; 请告知管理员。",
                f"The directory's answer has no {self.claim}; tell the administrator.",
            )
        return named

    def _described(self) -> Mapping[str, Any]:
        described = _read(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if described.get("issuer") != self.issuer:
            raise _refusal(_SILENT)
        return described

    def _exchanged(self, described: Mapping[str, Any], proof: Mapping[str, str]) -> Mapping[str, Any]:
        form = {"grant_type": "authorization_code", "client_id": self.client_id, **proof}
        ways = described.get("token_endpoint_auth_methods_supported") or [_BASIC]
        if self.secret is None:
            return _read(_endpoint(described, "token_endpoint"), form)
        if _BASIC not in ways:
            return _read(_endpoint(described, "token_endpoint"), {**form, "client_secret": self.secret})
        pair = f"{quote(self.client_id, safe='')}:{quote(self.secret, safe='')}"
        header = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return _read(_endpoint(described, "token_endpoint"), form, header)

    def _claims(self, token: str, keys: Mapping[str, Any], sent: Sent, at: datetime) -> Mapping[str, Any]:
        """Source: OpenID Connect Core 1.0, 3.1.3.7, on what is checked of an answer."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        wanted = jwt.JWTClaimsRegistry(
            now=int(at.timestamp()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": sent.nonce},
        )
        try:
            claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=list(ALGORITHMS)).claims  # type: ignore[arg-type]
            wanted.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise _refusal(_NOT_VOUCHED) from error
        others = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if others else self.client_id) != self.client_id:
            raise _refusal(_NOT_VOUCHED)
        return claims


def directory_of(settings: Settings) -> Directory | None:
    """The directory that is set; None without one. Raises Refused where the extra it needs is not installed."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    if find_spec("joserfc") is None:
        raise Refused(
            "已设 LIGHTS_OIDC_ISSUER, 但未安装附加组件 [oidc]; 请运行 pip install 'county-lights[oidc]'。",
            "LIGHTS_OIDC_ISSUER is set, but the extra [oidc] is not installed; run pip install 'county-lights[oidc]'.",
        )
    secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else None
    return Directory(settings.oidc_issuer, settings.oidc_client_id, secret, settings.oidc_claim)


class _NoRedirects(HTTPRedirectHandler):
    """A directory that points elsewhere is not followed: codes and secrets go where its description says."""

    def redirect_request(self, *_: Any) -> Request | None:
        return None


def _read(url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    opener = build_opener(_NoRedirects())
    opener.addheaders = [("Accept", "application/json"), *(headers or {}).items()]
    try:
        with opener.open(url, urlencode(form).encode() if form else None, _PATIENCE) as answer:
            told = json.loads(answer.read(_MOST_BYTES))
    except HTTPError as error:
        error.close()
        raise _refusal(_SILENT) from error
    except (OSError, HTTPException, ValueError) as error:
        raise _refusal(_SILENT) from error
    if not isinstance(told, dict):
        raise _refusal(_SILENT)
    return told


def _endpoint(described: Mapping[str, Any], name: str) -> str:
    """Raises SignInRefused for one that is missing, or that passwords and codes would reach in the clear."""
    url = described.get(name)
    if not isinstance(url, str) or not is_safe(url):
        raise _refusal(_SILENT)
    return url


def _refusal(words: Words) -> SignInRefused:
    return SignInRefused(words.zh, words.en)


def _plain(these: bytes) -> str:
    return base64.urlsafe_b64encode(these).decode().rstrip("=")
