"""What a section of the policy table is: its numbers, and to which loans a changed number applies."""

from __future__ import annotations

from typing import ClassVar, Literal

from models.toml_tables import StrictModel

Binding = Literal["contract", "as_of"]
"""contract: a loan keeps the numbers in force on the day it was granted. as_of: those of the day that is judged."""


class Section(StrictModel):
    """A section of the policy table. binds: to which loans its numbers apply; each section declares it."""

    binds: ClassVar[Binding]
