"""What is wrong with a field, in Chinese and English: pydantic finds it, and says it in English alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from features.messages import Bilingual
from models.validation_messages import MESSAGES

_TOLD = "told"
"""The type of a fault whose own words are carried along."""
_LONGEST_PLACE = 100
"""Characters of a place that are said: somebody else may have named it."""
_OTHERWISE = Bilingual("不合要求", "is not what is asked for")
_WHOLE = Bilingual("整个请求", "the whole request")
_OBJECT = Bilingual("应为 JSON 对象", "expected a JSON object")
_ONE_OF = Bilingual("应为 {expected} 之一", "expected one of {expected}")
_WORDS: Mapping[str, Bilingual] = {
    **MESSAGES,
    **dict.fromkeys(("model_attributes_type", "model_type", "dict_type"), _OBJECT),
    **dict.fromkeys(("literal_error", "enum"), _ONE_OF),
    "extra_forbidden": Bilingual("没有这一项; 请删去", "is not known here; leave it out"),
    "json_invalid": Bilingual("不是 JSON", "is not JSON"),
    "list_type": Bilingual("应为 JSON 数组", "expected a JSON array"),
    "union_tag_invalid": Bilingual(
        "{discriminator} 应为 {expected} 之一", "expected {discriminator} to be one of {expected}"
    ),
    "union_tag_not_found": Bilingual("缺少 {discriminator}", "lacks {discriminator}"),
    "string_too_short": Bilingual("至少 {min_length} 个字符", "expected at least {min_length} characters"),
    "string_too_long": Bilingual("至多 {max_length} 个字符", "expected at most {max_length} characters"),
}


def bilingual_error(zh: str, en: str) -> PydanticCustomError:
    """What a validator of ours raises: it is told in its own words."""
    return PydanticCustomError(_TOLD, "{en}", {"zh": zh, "en": en})


def error_sentences(errors: Iterable[Mapping[str, Any]], skip: int = 0) -> Bilingual:
    """Each field with what is wrong with it; skip: how many of its place's names lead to it and say nothing."""
    told = [(".".join(map(str, error["loc"][skip:]))[:_LONGEST_PLACE], _of(error)) for error in errors]
    each = [(Bilingual(place, place) if place else _WHOLE, said) for place, said in told]
    return Bilingual(
        "; ".join(f"{place.zh}: {said.zh}" for place, said in each),
        "; ".join(f"{place.en}: {said.en}" for place, said in each),
    )


def _of(error: Mapping[str, Any]) -> Bilingual:
    context = error.get("ctx", {})
    if error["type"] == _TOLD:
        return Bilingual(str(context["zh"]), str(context["en"]))
    said = _WORDS.get(error["type"], _OTHERWISE)
    return said.format(**{name.removesuffix("_tags"): _shown(value) for name, value in context.items()})


def _shown(value: object) -> str:
    """A whole number without its `.0`; choices without pydantic's English word before the last."""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value).replace("' or '", "', '")
