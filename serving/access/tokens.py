"""Passwords, tokens and keys: how they are made, hashed and compared; only their hashes are stored."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from features.messages import UserError
from serving.access.weak_passwords import is_weak

_MIN_LENGTH, _MAX_LENGTH = 12, 128
_HASHER = PasswordHasher()
_KEY = re.compile(r"([0-9a-f]{8})\.[\w-]{43}\Z", re.ASCII)
_DUMMY_HASH = _HASHER.hash(secrets.token_urlsafe())
"""Hash that the password of an unknown name is compared with, so that timing does not reveal which names exist."""


def password_hash(password: str, name: str) -> str:
    """The Argon2 hash of a new password, as it is stored.

    Args:
        password: 12 to 128 characters, at least 5 different ones, without the name in it, and none that is guessed
            first (`is_weak`).
        name: the account's name.

    Returns:
        The hash with its salt and parameters, for `is_password_of`.

    Raises:
        UserError: the password is too short, too long or too simple.

    Example:
        >>> from serving.access.tokens import is_password_of, password_hash
        >>> stored = password_hash("three blue sheep", "li.wei")
        >>> is_password_of(stored, "three blue sheep"), is_password_of(stored, "four"), is_password_of(None, "four")
        (True, False, False)
    """
    if not _MIN_LENGTH <= len(password) <= _MAX_LENGTH:
        raise UserError(
            f"密码长度应为 {_MIN_LENGTH} 至 {_MAX_LENGTH} 个字符。",
            f"A password has {_MIN_LENGTH} to {_MAX_LENGTH} characters.",
        )
    if len(set(password)) < 5 or name.casefold() in password.casefold() or is_weak(password):
        raise UserError(
            "密码过于简单：不得包含账号，至少 5 种不同字符，不得是常见密码、连续或重复的字符。",
            "The password is too simple: it may not hold the name, has at least 5 different characters, and is no "
            "common password, run or repeat.",
        )
    return _HASHER.hash(password)


def is_password_of(stored_hash: str | None, password: str) -> bool:
    """Whether a password belongs to a stored hash; False for an account without a password, after as much work."""
    try:
        return _HASHER.verify(stored_hash or _DUMMY_HASH, password) and stored_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def new_token() -> str:
    """A random token of 256 bits, 43 characters that may stand in a URL."""
    return secrets.token_urlsafe(32)


def new_key() -> tuple[str, str]:
    """A new key for programs.

    Returns:
        The prefix, by which the key is listed and revoked, and the whole key `prefix.secret`, which is shown once.

    Example:
        >>> from serving.access.tokens import key_prefix, new_key
        >>> prefix, key = new_key()
        >>> key_prefix(key) == prefix, key_prefix("a password")
        (True, None)
    """
    prefix = secrets.token_hex(4)
    return prefix, f"{prefix}.{secrets.token_urlsafe(32)}"


def key_prefix(text: str) -> str | None:
    """The prefix of a text that has the form of a key; None for any other, which may be somebody's password."""
    match = _KEY.match(text)
    return match[1] if match else None


def digest(token: str) -> str:
    """The SHA-256 of a token, in hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_token_of(cookie: str) -> str:
    """The CSRF token that goes with a cookie: forms carry it, and another site cannot read it."""
    return digest(f"form:{cookie}")


def is_equal_in_constant_time(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
