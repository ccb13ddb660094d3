"""The forms of notices and printed sheets: who issues them, what they say, who signs; a county may have its own."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from features.atomic_files import write_bytes
from features.messages import UserError
from serving.text.validation_errors import error_sentences

NOTICE_FILE = "notice.toml"
PLACEHOLDERS = ("household", "name", "bank", "loan", "day", "yuan")


Signature = Annotated[str, Field(min_length=1, max_length=20)]


class SheetForm(BaseModel):
    """What is printed round a household's sheet.

    title: above it; the household alone where it is empty. note: below it, such as what it may be used for.
    signatures: who signs, with the day; the shipped ones where there are none. Each county writes them in the language
    that it prints in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(default="", max_length=80)
    note: str = Field(default="", max_length=400)
    signatures: Annotated[tuple[Signature, ...], Field(max_length=5)] = ()


class NoticeForm(BaseModel):
    """The form of a notice, and of a household's printed sheet.

    issuer: who issues it; a line to fill in where it is empty. telephone: whom to ask. zh, en: the text, with
    `{household}`, `{name}`, `{bank}`, `{loan}`, `{day}` and `{yuan}`; the shipped one where it is empty. receipt:
    whether a slip for the receiver's signature is printed below. sheet: what is printed round a household's sheet.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str = Field(default="", max_length=80)
    telephone: str = Field(default="", max_length=40)
    zh: str = Field(default="", max_length=2000)
    en: str = Field(default="", max_length=2000)
    receipt: bool = True
    sheet: SheetForm = SheetForm()


def notice_form(folder: Path) -> NoticeForm:
    """The form of a data folder; the shipped one where the county has none of its own.

    Raises UserError where the county's file is wrong.
    """
    path = folder / NOTICE_FILE
    return read_notice_form(path) if path.exists() else NoticeForm()


def read_notice_form(path: Path) -> NoticeForm:
    """A form from a file (TOML). Raises UserError with what is wrong in it."""
    try:
        form = NoticeForm.model_validate(tomllib.loads(path.read_text("utf-8-sig")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path} 无法读取：{error}", f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        told = error_sentences(error.errors())
        raise UserError(f"{path} 有误：{told.zh}", f"{path} is wrong: {told.en}") from error
    for text in (form.zh, form.en):
        try:
            text.format(**dict.fromkeys(PLACEHOLDERS, ""))
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            names = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise UserError(
                f"{path}：通知正文中的占位符有误（{error}）；可用的有 {names}。",
                f"{path}: a placeholder of the text is wrong ({error}); there are {names}.",
            ) from error
    return form


def replace_notice_form(path: Path, folder: Path) -> NoticeForm:
    """Take in a county's own form. Raises UserError where it is wrong; the one before stays then."""
    form = read_notice_form(path)
    write_bytes(path.read_bytes(), folder / NOTICE_FILE)
    return form
