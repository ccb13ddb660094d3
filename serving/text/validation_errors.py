"""Validation errors of pydantic as sentences in Chinese and English; pydantic itself has English ones only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from features.messages import Bilingual
from models.validation_messages import MESSAGES

_BILINGUAL = "told"
"""The type of an error that carries its own sentence in both languages."""
_LONGEST_FIELD = 100
"""Characters of a field's name that are shown: the client may have made it up."""
_OTHER_ERROR = Bilingual("不合要求", "is not what is asked for")
_WHOLE_REQUEST = Bilingual("整个请求", "the whole request")
_OBJECT = Bilingual("应为 JSON 对象", "expected a JSON object")
_ONE_OF = Bilingual("应为 {expected} 之一", "expected one of {expected}")
_WORDS: Mapping[str, Bilingual] = {
    **MESSAGES,
    **dict.fromkeys(("model_attributes_type", "model_type", "dict_type"), _OBJECT),
    **dict.fromkeys(("literal_error", "enum"), _ONE_OF),
    "extra_forbidden": Bilingual("没有这一项；请删去", "is not known here; leave it out"),
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
    """The error for a validator to raise; `error_sentences` shows its own words."""
    return PydanticCustomError(_BILINGUAL, "{en}", {"zh": zh, "en": en})


def error_sentences(errors: Iterable[Mapping[str, Any]], skip: int = 0) -> Bilingual:
    """Each field with its error, joined by semicolons.

    errors: as `ValidationError.errors()` returns them. skip: leading parts of each location to leave out, as `body`.
    """
    zh, en = [], []
    for error in errors:
        field = ".".join(map(str, error["loc"][skip:]))[:_LONGEST_FIELD]
        name = Bilingual(field, field) if field else _WHOLE_REQUEST
        sentence = value_sentence(error)
        zh.append(f"{name.zh}：{sentence.zh}")
        en.append(f"{name.en}: {sentence.en}")
    return Bilingual("；".join(zh), "; ".join(en))


def value_sentence(error: Mapping[str, Any]) -> Bilingual:
    """What is wrong with one value, without its name; error: as in `ValidationError.errors()`."""
    context = error.get("ctx", {})
    if error["type"] == _BILINGUAL:
        return Bilingual(str(context["zh"]), str(context["en"]))
    values = {key.removesuffix("_tags"): _value_text(value) for key, value in context.items()}
    return _WORDS.get(error["type"], _OTHER_ERROR).format(**values)


def _value_text(value: object) -> str:
    """A whole number without its `.0`; choices without pydantic's English word before the last."""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value).replace("' or '", "', '")
