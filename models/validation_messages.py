"""Messages in Chinese and English for pydantic's kinds of error, in TOML tables and in requests."""

from __future__ import annotations

from collections.abc import Mapping

from features.messages import Bilingual

_DAY = Bilingual("应为日期，如 2026-01-01", "expected a day such as 2026-01-01")
_WHOLE_NUMBER = Bilingual("应为整数", "expected a whole number")
_NUMBER = Bilingual("应为数字", "expected a number")
_YES_NO = Bilingual("应为 true 或 false", "expected true or false")
_TEXT = Bilingual("应为文字", "expected text")
MESSAGES: Mapping[str, Bilingual] = {
    "missing": Bilingual("缺少", "is missing"),
    "finite_number": Bilingual("应为有限的数字", "expected a finite number"),
    "greater_than": Bilingual("应大于 {gt}", "expected more than {gt}"),
    "greater_than_equal": Bilingual("应不小于 {ge}", "expected at least {ge}"),
    "less_than": Bilingual("应小于 {lt}", "expected less than {lt}"),
    "less_than_equal": Bilingual("应不大于 {le}", "expected at most {le}"),
    "string_pattern_mismatch": Bilingual("写法不对（应符合 {pattern}）", "is not written as it should be ({pattern})"),
    "too_short": Bilingual("至少应有 {min_length} 个", "expected at least {min_length}"),
    "too_long": Bilingual("至多 {max_length} 个", "expected at most {max_length}"),
    **{f"date_{kind}": _DAY for kind in ("type", "parsing", "from_datetime_parsing", "from_datetime_inexact")},
    **{f"int_{kind}": _WHOLE_NUMBER for kind in ("type", "parsing", "parsing_size", "from_float")},
    **{f"float_{kind}": _NUMBER for kind in ("type", "parsing")},
    **{f"bool_{kind}": _YES_NO for kind in ("type", "parsing")},
    **{f"string_{kind}": _TEXT for kind in ("type", "unicode")},
}
