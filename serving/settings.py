"""The settings of the service, read once from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from features.messages import UserError
from serving.text.validation_errors import bilingual_error, error_sentences

LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")


class Settings(BaseSettings):
    """The settings; each field is the environment variable LIGHTS_ followed by its name.

    data: folder of everything the service keeps. database: an SQLAlchemy address; empty for SQLite in that folder.
    host: address to listen on. public_url: the address that people type, where a proxy stands in front of the service.
    secure_cookies: cookies are sent over TLS alone. session_hours, link_hours: how long a session and a one-time link
    last. requests_per_minute: for each key or session.
    upload_mb: the most that one upload of a clerk may hold, in MB.
    metrics_token: lets a monitor that is not on this machine read /metrics.
    audit_years: how long audit entries are kept at the least.
    oidc_issuer, oidc_client_id, oidc_client_secret: the county's OpenID Connect provider; all empty for none, and no
    secret for a public client. oidc_claim: the claim that names an account here.
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
    upload_mb: int = Field(default=200, ge=1, le=10_000)
    metrics_token: SecretStr | None = None
    audit_years: int = Field(default=3, ge=3)
    oidc_issuer: str | None = None
    oidc_client_id: str | None = Field(default=None, validate_default=True)
    oidc_client_secret: SecretStr | None = None
    oidc_claim: Literal["preferred_username", "sub"] = "preferred_username"

    @field_validator("oidc_issuer")
    @classmethod
    def check_issuer(cls, issuer: str | None) -> str | None:
        """The issuer, which must be reached over TLS or on this machine; None for an empty text."""
        if issuer and not is_safe_url(issuer):
            raise bilingual_error("应为 https:// 地址", "should be an https:// address")
        return issuer or None

    @field_validator("oidc_client_id")
    @classmethod
    def check_client_id(cls, client_id: str | None, info: ValidationInfo) -> str | None:
        """The client's id, which must be set where an issuer is; None for an empty text."""
        if info.data.get("oidc_issuer") and not client_id:
            raise bilingual_error("设了 LIGHTS_OIDC_ISSUER 就须设", "is needed, for LIGHTS_OIDC_ISSUER is set")
        return client_id or None

    @property
    def database_address(self) -> str:
        """The SQLAlchemy address of the database."""
        return self.database or f"sqlite:///{(self.data / 'lights.db').absolute()}"

    @property
    def is_secure(self) -> bool:
        """Whether passwords cross a network over TLS alone: cookies ask for it and the public address has it."""
        return self.secure_cookies and (self.public_url or "").startswith("https://")

    def check_may_listen(self, host: str) -> None:
        """Raises UserError where other machines could reach the host and passwords would go there without TLS.

        host: the address to listen on.
        """
        if host in LOOPBACK_HOSTS or self.is_secure:
            return
        raise UserError(
            f"拒绝监听 {host}：本机以外须经 HTTPS。请设 LIGHTS_SECURE_COOKIES=true 和 LIGHTS_PUBLIC_URL=https://…，"
            "并由前置代理终止 TLS。",
            f"Not listening on {host}: beyond this machine HTTPS is needed. Set LIGHTS_SECURE_COOKIES=true and "
            "LIGHTS_PUBLIC_URL=https://… and let a proxy in front end TLS.",
        )


def is_safe_url(url: str) -> bool:
    """Whether an address is reached over TLS or on this machine."""
    split = urlsplit(url)
    is_local = split.scheme == "http" and split.hostname in LOOPBACK_HOSTS
    return bool(split.hostname) and (split.scheme == "https" or is_local)


def settings_of(data: Path | None = None) -> Settings:
    """The settings that the environment holds.

    Args:
        data: the data folder that a command line names, in place of LIGHTS_DATA.

    Returns:
        The settings; defaults where a variable is not set.

    Raises:
        UserError: a variable is wrong; the message names it.

    Example:
        >>> from serving.settings import settings_of
        >>> settings = settings_of(tmp)
        >>> settings.data == tmp, settings.session_hours, settings.is_secure
        (True, 12, False)
    """
    try:
        return Settings() if data is None else Settings(data=data)
    except ValidationError as error:
        sentences = error_sentences(
            {**each, "loc": (f"LIGHTS_{'_'.join(map(str, each['loc'])).upper()}",)} for each in error.errors()
        )
        raise UserError(f"环境变量有误：{sentences.zh}", f"An environment variable is wrong: {sentences.en}") from error
