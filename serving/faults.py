"""What is wrong with a field, in Chinese and English: pydantic finds it, and says it in English alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from features.words import Words

_TOLD = "told"
"""The type of a fault whose own words are carried along."""
_LONGEST_PLACE = 100
"""Characters of a place that are said: somebody else may have named it."""
_OTHERWISE = Words("不合要求", "is not what is asked for")
_WHOLE = Words("整个请求", "the whole request")
_DAY = Words("应为日期, 写作 2026-01-31", "should be a date, written 2026-01-31")
_WHOLE_NUMBER = Words("应为整数", "should be a whole number")
_NUMBER = Words("应为数字", "should be a number")
_YES_NO = Words("应为 true 或 false", "should be true or false")
_TEXT = Words("应为文字", "should be a text")
_ONE_OF = Words("应为 {expected} 之一", "should be one of {expected}")
_WORDS: Mapping[str, Words] = {
    "missing": Words("缺少", "is missing"),
    "extra_forbidden": Words("没有这一项; 请删去", "is not known here; leave it out"),
    "json_invalid": Words("不是 JSON", "is not JSON"),
    "model_attributes_type": Words("应为 JSON 对象", "should be a JSON object"),
    "model_type": Words("应为 JSON 对象", "should be a JSON object"),
    "dict_type": Words("应为 JSON 对象", "should be a JSON object"),
    "list_type": Words("应为 JSON 数组", "should be a JSON array"),
    "literal_error": _ONE_OF,
    "enum": _ONE_OF,
    "union_tag_invalid": Words("{discriminator} 应为 {expected} 之一", "{discriminator} should be one of {expected}"),
    "union_tag_not_found": Words("缺少 {discriminator}", "lacks {discriminator}"),
    "greater_than": Words("应大于 {gt}", "should be above {gt}"),
    "greater_than_equal": Words("不得小于 {ge}", "should be {ge} or more"),
    "less_than": Words("应小于 {lt}", "should be below {lt}"),
    "less_than_equal": Words("不得大于 {le}", "should be {le} or less"),
    "finite_number": _NUMBER,
    "string_too_short": Words("至少 {min_length} 个字符", "should have {min_length} characters or more"),
    "string_too_long": Words("至多 {max_length} 个字符", "should have {max_length} characters or fewer"),
    "string_pattern_mismatch": Words("格式不符: {pattern}", "should be of the form {pattern}"),
    "too_short": Words("至少 {min_length} 项", "should have {min_length} items or more"),
    "too_long": Words("至多 {max_length} 项", "should have {max_length} items or fewer"),
    **{f"date_{kind}": _DAY for kind in ("type", "parsing", "from_datetime_parsing", "from_datetime_inexact")},
    **{f"int_{kind}": _WHOLE_NUMBER for kind in ("type", "parsing", "parsing_size", "from_float")},
    **{f"float_{kind}": _NUMBER for kind in ("type", "parsing")},
    **{f"bool_{kind}": _YES_NO for kind in ("type", "parsing")},
    **{f"string_{kind}": _TEXT for kind in ("type", "unicode")},
}


def fault(zh: str, en: str) -> PydanticCustomError:
    """What a validator of ours raises: it is told in its own words."""
    return PydanticCustomError(_TOLD, "{en}", {"zh": zh, "en": en})


def faults(errors: Iterable[Mapping[str, Any]], skip: int = 0) -> Words:
    """Each field with what is wrong with it; skip: how many of its place's names lead to it and say nothing."""
    told = [(".".join(map(str, error["loc"][skip:]))[:_LONGEST_PLACE], _of(error)) for error in errors]
    each = [(Words(place, place) if place else _WHOLE, said) for place, said in told]
    return Words(
        "; ".join(f"{place.zh} {said.zh}" for place, said in each),
        "; ".join(f"{place.en} {said.en}" for place, said in each),
    )


def _of(error: Mapping[str, Any]) -> Words:
    context = error.get("ctx", {})
    if error["type"] == _TOLD:
        return Words(str(context["zh"]), str(context["en"]))
    said = _WORDS.get(error["type"], _OTHERWISE)
    return said.filled(**{name.removesuffix("_tags"): _shown(value) for name, value in context.items()})


def _shown(value: object) -> str:
    """A whole number without its `.0`; choices without pydantic's English word before the last."""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value).replace("' or '", "', '")
