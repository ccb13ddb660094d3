"""The signature of a message: HMAC-SHA256 over the time and the body."""

from __future__ import annotations

import hmac
import secrets

SIGNATURE_HEADER, MESSAGE_ID_HEADER = "Lights-Signature", "Lights-Message-Id"
_SECRET_PREFIX = "lws_"  # noqa: S105 - how a secret begins, so that one in a file is recognized


def new_webhook_secret() -> str:
    """A new secret for signatures, printed once to who registers the webhook."""
    return _SECRET_PREFIX + secrets.token_urlsafe(32)


def signature_header(secret: str, body: bytes, seconds: int) -> str:
    """The value of `Lights-Signature`.

    Args:
        secret: of the webhook.
        body: the bytes that are sent.
        seconds: the time of sending, since 1970 in UTC; the receiver refuses an old one.

    Returns:
        `t=SECONDS,v1=HEX`: HEX is HMAC-SHA256 by the secret over `SECONDS.` and the body.

    Example:
        >>> from serving.webhooks.signature import signature_header
        >>> signature_header("lws_example", b"{}", 1764547200)[:16]
        't=1764547200,v1='
    """
    signed = f"{seconds}.".encode() + body
    return f"t={seconds},v1={hmac.digest(secret.encode(), signed, 'sha256').hex()}"
