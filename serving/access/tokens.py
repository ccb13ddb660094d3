"""Passwords, one-time links, sessions and keys: what is given out once, and the digest that is kept of it."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from features.messages import Refused

_LEAST, _MOST = 12, 128
_HASHER = PasswordHasher()
_KEY = re.compile(r"([0-9a-f]{8})\.[\w-]{43}\Z", re.ASCII)
_NOBODYS = _HASHER.hash(secrets.token_urlsafe())
"""What a name that there is not is checked against, so that it takes as long as one that there is."""


def password_hash(password: str, name: str) -> str:
    """Raises Refused where the password is too short, too long, one character over and over, or holds the name."""
    if not _LEAST <= len(password) <= _MOST:
        raise Refused(f"密码长度应为 {_LEAST} 至 {_MOST} 个字符。", f"A password has {_LEAST} to {_MOST} characters.")
    if len(set(password)) < 5 or name.casefold() in password.casefold():
        raise Refused(
            "密码过于简单: 不得包含账号, 至少 5 种不同字符。",
            "The password is too simple: it may not hold the name, and has at least 5 different characters.",
        )
    return _HASHER.hash(password)


def is_password(kept: str | None, password: str) -> bool:
    try:
        return _HASHER.verify(kept or _NOBODYS, password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def new_token() -> str:
    return secrets.token_urlsafe(32)


def new_key() -> tuple[str, str]:
    """A prefix by which a key is named, and the whole `prefix.secret`."""
    prefix = secrets.token_hex(4)
    return prefix, f"{prefix}.{secrets.token_urlsafe(32)}"


def named_by(given: str) -> str | None:
    """The prefix of what looks like a key; None of anything else: it may be somebody's password."""
    found = _KEY.match(given)
    return found[1] if found else None


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def form_token(cookie: str) -> str:
    """What a form has to carry beside the cookie: no other site can read it off the page."""
    return digest(f"form:{cookie}")


def is_same(one: str, other: str) -> bool:
    """Compared without telling by its time where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
