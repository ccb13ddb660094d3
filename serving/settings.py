"""What the service is set to: read once from the environment, at the edge."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from features.messages import Refused
from serving.text.validation_errors import fault, faults

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Settings(BaseSettings):
    """Each field is an environment variable with LIGHTS_ before it.

    data: the folder of everything the service keeps. database: an SQLAlchemy address; empty for SQLite below data.
    public_url: the address that people type, where a proxy stands before the service.
    metrics_token: lets a monitor that is not on this machine read /metrics.
    audit_years: how long entries of the audit are kept at the least.
    oidc_issuer, oidc_client_id, oidc_client_secret: the county's own directory; all empty for none, and no secret where
    the directory gives none. oidc_claim: what of its answer is the name of an account here.
    """

    model_config = SettingsConfigDict(env_prefix="LIGHTS_", extra="ignore", frozen=True)

    data: Path = Path("var")
    database: str | None = None
    host: str = "127.0.0.1"
    public_url: str | None = None
    secure_cookies: bool = False
    session_hours: int = Field(default=12, ge=1, le=168)
    link_hours: int = Field(default=24, ge=1, le=168)
    requests_per_minute: int = Field(default=1200, ge=1)
    metrics_token: SecretStr | None = None
    audit_years: int = Field(default=3, ge=3)
    oidc_issuer: str | None = None
    oidc_client_id: str | None = Field(default=None, validate_default=True)
    oidc_client_secret: SecretStr | None = None
    oidc_claim: Literal["preferred_username", "sub"] = "preferred_username"

    @field_validator("oidc_issuer")
    @classmethod
    def _is_safe(cls, issuer: str | None) -> str | None:
        if issuer and not is_safe(issuer):
            raise fault("应为 https:// 地址", "should be an https:// address")
        return issuer or None

    @field_validator("oidc_client_id")
    @classmethod
    def _goes_with_an_issuer(cls, client: str | None, others: ValidationInfo) -> str | None:
        if others.data.get("oidc_issuer") and not client:
            raise fault("设了 LIGHTS_OIDC_ISSUER 就须设", "is needed, for LIGHTS_OIDC_ISSUER is set")
        return client or None

    @property
    def database_address(self) -> str:
        return self.database or f"sqlite:///{(self.data / 'lights.db').absolute()}"

    @property
    def is_secure(self) -> bool:
        """Whether a password may cross a network: the cookie asks for TLS, and the public address has it."""
        return self.secure_cookies and (self.public_url or "").startswith("https://")

    def open_to(self, host: str) -> None:
        """Raises Refused where others could reach the service, and passwords would cross the network in the clear."""
        if host in LOOPBACK or self.is_secure:
            return
        raise Refused(
            f"拒绝监听 {host}: 本机以外须经 HTTPS。请设 LIGHTS_SECURE_COOKIES=true 和 LIGHTS_PUBLIC_URL=https://…, "
            "并由前置代理终止 TLS。",
            f"Not listening on {host}: beyond this machine HTTPS is needed. Set LIGHTS_SECURE_COOKIES=true and "
            "LIGHTS_PUBLIC_URL=https://… and let a proxy in front end TLS.",
        )


def is_safe(url: str) -> bool:
    """Reached by TLS, or on this machine."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))


def settings_of(data: Path | None = None) -> Settings:
    """The environment's settings; `data` where the command line names a folder.

    Raises Refused where a variable is wrong.
    """
    try:
        return Settings() if data is None else Settings(data=data)
    except ValidationError as error:
        told = faults(
            {**each, "loc": (f"LIGHTS_{'_'.join(map(str, each['loc'])).upper()}",)} for each in error.errors()
        )
        raise Refused(f"环境变量有误: {told.zh}", f"An environment variable is wrong: {told.en}") from error
