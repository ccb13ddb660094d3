"""Sign-in through the county's OpenID Connect provider: authorization code flow with PKCE, state and nonce."""

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

from features.messages import Bilingual, UserError
from serving.access.credentials import SignInError
from serving.settings import Settings, is_safe_url

ALGORITHMS = ("RS256", "ES256")
"""Signature algorithms that are accepted; the algorithm that a token names is not trusted."""
_LEEWAY, _TIMEOUT, _MAX_BYTES = 60, 10, 1_000_000
"""Seconds that clocks may differ by; seconds that a response may take; bytes that are read of it."""
_BASIC = "client_secret_basic"
_NO_ANSWER = Bilingual(
    "统一身份目录没有正常应答；请稍后再试，或用密码登录，并告知管理员。",
    "The directory does not answer as it should; try again later or use a password, and tell the administrator.",
)
_NOT_VERIFIED = Bilingual(
    "统一身份目录的应答未通过校验（签名、受众、签发者、时效或随机数）；请重新登录。",
    "The directory's answer cannot be trusted (signature, audience, issuer, time or nonce); sign in again.",
)


@dataclass(frozen=True)
class AuthorizationRequest:
    """One sign-in that was begun, kept in a cookie of the browser until it returns.

    verifier: PKCE's code verifier. wanted: path of the page to show after the sign-in. language: `zh` or `en`.
    """

    state: str
    nonce: str
    verifier: str
    wanted: str
    language: str

    @classmethod
    def new(cls, wanted: str, language: str) -> AuthorizationRequest:
        """A request with new random secrets."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, wanted, language)

    @classmethod
    def from_cookie(cls, cookie: str) -> AuthorizationRequest | None:
        """The request in a cookie of `to_cookie`; None where it cannot be read."""
        try:
            fields = json.loads(base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)))
            request = cls(**fields)
        except (ValueError, TypeError, binascii.Error):
            return None
        return request if all(isinstance(each, str) and each for each in asdict(request).values()) else None

    @property
    def challenge(self) -> str:
        """PKCE's code challenge, by method S256."""
        return _base64url(hashlib.sha256(self.verifier.encode()).digest())

    def to_cookie(self) -> str:
        """The request as text that may stand in a cookie."""
        return _base64url(json.dumps(asdict(self)).encode())


@dataclass(frozen=True)
class OidcProvider:
    """An OpenID Connect provider.

    issuer, client_id, secret: as registered; no secret for a public client. claim: the claim of the ID token that
    names an account of ours.

    Metadata and keys are read anew for each sign-in: sign-ins are few, and a withdrawn key stops working at once.
    """

    issuer: str
    client_id: str
    secret: str | None
    claim: Literal["preferred_username", "sub"]

    def authorization_url(self, request: AuthorizationRequest, redirect_uri: str) -> str:
        """The provider's address that the browser is sent to. Raises SignInError where the provider does not answer.

        redirect_uri: our address that the browser comes back to.
        """
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid profile",
            "state": request.state,
            "nonce": request.nonce,
            "code_challenge": request.challenge,
            "code_challenge_method": "S256",
        }
        endpoint = _endpoint(self._fetch_metadata(), "authorization_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"

    def account_name(self, request: AuthorizationRequest, code: str, redirect_uri: str, at: datetime) -> str:
        """The account name in the ID token that the code is exchanged for.

        Raises SignInError where the provider does not answer, or its token fails a check or has no name.
        """
        metadata = self._fetch_metadata()
        proof = {"code": code, "redirect_uri": redirect_uri, "code_verifier": request.verifier}
        id_token = str(self._fetch_tokens(metadata, proof).get("id_token", ""))
        claims = self._verified_claims(id_token, _fetch_json(_endpoint(metadata, "jwks_uri")), request.nonce, at)
        name = claims.get(self.claim)
        if not isinstance(name, str) or not name:
            raise SignInError(
                f"统一身份目录的应答中没有 {self.claim}；请告知管理员。",
                f"The directory's answer has no {self.claim}; tell the administrator.",
            )
        return name

    def _fetch_metadata(self) -> Mapping[str, Any]:
        metadata = _fetch_json(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if metadata.get("issuer") != self.issuer:
            raise SignInError(_NO_ANSWER.zh, _NO_ANSWER.en)
        return metadata

    def _fetch_tokens(self, metadata: Mapping[str, Any], proof: Mapping[str, str]) -> Mapping[str, Any]:
        """Exchange a code for tokens; a secret goes by HTTP Basic unless the provider takes it in the form alone."""
        endpoint = _endpoint(metadata, "token_endpoint")
        form = {"grant_type": "authorization_code", "client_id": self.client_id, **proof}
        methods = metadata.get("token_endpoint_auth_methods_supported") or [_BASIC]
        if self.secret is None:
            return _fetch_json(endpoint, form)
        if _BASIC not in methods:
            return _fetch_json(endpoint, {**form, "client_secret": self.secret})
        pair = f"{quote(self.client_id, safe='')}:{quote(self.secret, safe='')}"
        header = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return _fetch_json(endpoint, form, header)

    def _verified_claims(self, token: str, keys: Mapping[str, Any], nonce: str, at: datetime) -> Mapping[str, Any]:
        """The claims of an ID token, checked. Source: OpenID Connect Core 1.0, 3.1.3.7.

        Raises SignInError where signature, issuer, audience, time or nonce is wrong.
        """
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        registry = jwt.JWTClaimsRegistry(
            now=int(at.timestamp()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=list(ALGORITHMS)).claims  # type: ignore[arg-type]
            registry.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise SignInError(_NOT_VERIFIED.zh, _NOT_VERIFIED.en) from error
        has_several_audiences = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if has_several_audiences else self.client_id) != self.client_id:
            raise SignInError(_NOT_VERIFIED.zh, _NOT_VERIFIED.en)
        return claims


def oidc_provider(settings: Settings) -> OidcProvider | None:
    """The provider that the settings name; None where they name none.

    Raises UserError where the extra it needs is not installed.
    """
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    if find_spec("joserfc") is None:
        raise UserError(
            "已设 LIGHTS_OIDC_ISSUER，但未安装附加组件 [oidc]；请运行 pip install 'county-lights[oidc]'。",
            "LIGHTS_OIDC_ISSUER is set, but the extra [oidc] is not installed; run pip install 'county-lights[oidc]'.",
        )
    secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else None
    return OidcProvider(settings.oidc_issuer, settings.oidc_client_id, secret, settings.oidc_claim)


class _NoRedirects(HTTPRedirectHandler):
    """Follows no redirects: codes and secrets go only to the endpoints that the metadata names."""

    def redirect_request(self, *_: Any) -> Request | None:
        """No request: a redirect is an error."""
        return None


def _fetch_json(
    url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The JSON object at an address, by GET, or by POST of a form. Raises SignInError where there is none."""
    opener = build_opener(_NoRedirects())
    opener.addheaders = [("Accept", "application/json"), *(headers or {}).items()]
    try:
        with opener.open(url, urlencode(form).encode() if form else None, _TIMEOUT) as response:
            content = json.loads(response.read(_MAX_BYTES))
    except HTTPError as error:
        error.close()
        raise SignInError(_NO_ANSWER.zh, _NO_ANSWER.en) from error
    except (OSError, HTTPException, ValueError) as error:
        raise SignInError(_NO_ANSWER.zh, _NO_ANSWER.en) from error
    if not isinstance(content, dict):
        raise SignInError(_NO_ANSWER.zh, _NO_ANSWER.en)
    return content


def _endpoint(metadata: Mapping[str, Any], name: str) -> str:
    """An endpoint of the metadata. Raises SignInError where it is missing or would send secrets without TLS."""
    url = metadata.get(name)
    if not isinstance(url, str) or not is_safe_url(url):
        raise SignInError(_NO_ANSWER.zh, _NO_ANSWER.en)
    return url


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
