"""The days that a request names."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_core import PydanticKnownError

_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _written_day(given: object) -> object:
    """Let a written day pass: pydantic reads a number as seconds since 1970, and 0 as the first day of that year."""
    if given is None or isinstance(given, date) or (isinstance(given, str) and _WRITTEN.fullmatch(given)):
        return given
    raise PydanticKnownError("date_type")


Day = Annotated[date, BeforeValidator(_written_day)]
"""A day as the OpenAPI document declares it: four digits of the year, two of the month, two of the day."""
EMPTY = BeforeValidator(lambda text: text or None)
"""Reads an empty field of a form as None."""
