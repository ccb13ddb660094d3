"""The addresses that news may be sent to: over TLS, or on this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

from features.messages import UserError
from serving.settings import is_safe_url

_LONGEST = 2000


def check_address(url: str) -> str:
    """The address of a receiver, checked.

    Args:
        url: https, or http to 127.0.0.1, ::1 or localhost; without user, password and fragment.

    Returns:
        The address, unchanged.

    Raises:
        UserError: it is none that news may be sent to.

    Example:
        >>> from serving.webhooks.addresses import check_address
        >>> check_address("https://bank.example/news")
        'https://bank.example/news'
    """
    try:
        split = urlsplit(url)
        has_port = split.port != 0
    except ValueError:
        split, has_port = urlsplit(""), False
    is_plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _LONGEST
    if not (is_plain and has_port and is_safe_url(url)):
        raise UserError(
            "推送地址应为 https://…，或本机的 http://127.0.0.1、http://localhost；只用可见的 ASCII 字符，"
            f"至多 {_LONGEST} 个。",
            "The address of a webhook is https://..., or http://127.0.0.1 or http://localhost on this machine, in at "
            f"most {_LONGEST} visible ASCII characters.",
        )
    if split.username is not None or split.password is not None or split.fragment:
        raise UserError(
            "推送地址不得含用户名、密码或 # 后的部分；接收方应核对签名。",
            "The address of a webhook has no user, password or part behind #; the receiver checks the signature.",
        )
    return url


def shown_host(url: str) -> str:
    """Scheme, host and port of an address, which may be shown; its path may hold a token of the receiver."""
    split = urlsplit(url)
    return f"{split.scheme}://{split.netloc}"[:300]
