"""Cursors of lists that are read page by page: each is valid for its own list alone."""

from __future__ import annotations

import base64
import binascii

from features.messages import UserError

_LAST_NUMBER = 2**32 - 1
"""No row's number in an order is larger: a cursor beyond it is one beyond the list."""


def cursor_after(list_name: str, number: int) -> str:
    """The cursor of the page after the row with a number. list_name: of the edition and query that the list shows."""
    return base64.urlsafe_b64encode(f"{list_name}:{number}".encode()).decode()


def last_shown(cursor: str | None, list_name: str) -> int:
    """The number, in the list's order, of the last row that a cursor's page showed; -1 without a cursor.

    Raises UserError where the cursor is not one of ours, or belongs to another list.
    """
    if cursor is None:
        return -1
    try:
        at, number = base64.urlsafe_b64decode(cursor.encode()).decode().rsplit(":", 1)
        last = int(number)
    except (ValueError, binascii.Error, UnicodeError) as error:
        raise UserError(
            "游标无效；请从第一页重新开始。", "The cursor is none of ours; begin again without one."
        ) from error
    if at != list_name or last < 0:
        raise UserError(
            "预警台账已更新，或条件已改变；请从第一页重新开始。",
            "The list has been published anew, or is another one; begin again without a cursor.",
        )
    return min(last, _LAST_NUMBER)
