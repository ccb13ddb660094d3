"""What pydantic's kinds of fault are called in Chinese and English, for tables people write and for requests."""

from __future__ import annotations

from collections.abc import Mapping

from features.messages import Words

_DAY = Words("应为日期, 如 2026-01-01", "expected a day such as 2026-01-01")
_WHOLE_NUMBER = Words("应为整数", "expected a whole number")
_NUMBER = Words("应为数字", "expected a number")
_YES_NO = Words("应为 true 或 false", "expected true or false")
_TEXT = Words("应为文字", "expected text")
KINDS: Mapping[str, Words] = {
    "missing": Words("缺少", "is missing"),
    "finite_number": Words("应为有限的数字", "expected a finite number"),
    "greater_than": Words("应大于 {gt}", "expected more than {gt}"),
    "greater_than_equal": Words("应不小于 {ge}", "expected at least {ge}"),
    "less_than": Words("应小于 {lt}", "expected less than {lt}"),
    "less_than_equal": Words("应不大于 {le}", "expected at most {le}"),
    "string_pattern_mismatch": Words("写法不对 (应符合 {pattern})", "is not written as it should be ({pattern})"),
    "too_short": Words("至少应有 {min_length} 个", "expected at least {min_length}"),
    "too_long": Words("至多 {max_length} 个", "expected at most {max_length}"),
    **{f"date_{kind}": _DAY for kind in ("type", "parsing", "from_datetime_parsing", "from_datetime_inexact")},
    **{f"int_{kind}": _WHOLE_NUMBER for kind in ("type", "parsing", "parsing_size", "from_float")},
    **{f"float_{kind}": _NUMBER for kind in ("type", "parsing")},
    **{f"bool_{kind}": _YES_NO for kind in ("type", "parsing")},
    **{f"string_{kind}": _TEXT for kind in ("type", "unicode")},
}
