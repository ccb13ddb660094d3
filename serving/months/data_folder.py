"""Where everything the service keeps lies: one folder, read and written through this."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from features.atomic_files import write_bytes
from features.contract.pseudonym import is_identity_number, pseudonyms
from features.ledger.ledger import Ledger, ledger_in
from models.county_policy import policy_table as county_policy
from models.county_policy.policy_table import PolicyTable, policy_file, policy_table_in, policy_table_of
from models.registry import Models
from models.traffic_light.rule_table import FILE, RuleTable, rule_file, rule_table_in, rule_table_of

if TYPE_CHECKING:
    from serving.months.repository import Month


@dataclass(frozen=True)
class Store:
    """The data folder (`--data`, LIGHTS_DATA): ledger, models and published months below it."""

    folder: Path

    @property
    def ledger(self) -> Ledger:
        return ledger_in(self.folder / "ledger")

    @property
    def models(self) -> Models:
        return Models(self.folder / "models")

    @property
    def rules(self) -> RuleTable:
        """The county's own rule table, or the one that ships."""
        return rule_table_of(self.folder)

    @property
    def policies(self) -> PolicyTable:
        """The policy table, the county's own rows laid over those that ship."""
        return policy_table_of(self.folder)

    def take_in_policies(self, path: Path, day: date) -> None:
        """Put a county's policy rows in the place of those in use.

        Raises Refused where they are wrong, or nothing would hold on `day`; those in use stay.
        """
        written = policy_file(path)
        policy_table_in(written).in_force(day)
        write_bytes(written.content, self.folder / county_policy.FILE)

    def take_in_rules(self, path: Path, day: date) -> None:
        """Put a county's rule table in the place of the one in use.

        Raises Refused where it is wrong, or no rule would hold on `day`; the one in use stays.
        """
        written = rule_file(path)
        rule_table_in(written).in_force(day)
        write_bytes(written.content, self.folder / FILE)

    def kept_as(self, identifier: str) -> str:
        """An identifier as it is kept: the pseudonym of an identity number, any other as it is."""
        text = identifier.strip()
        return pseudonyms(self.folder).of(text) if is_identity_number(text) else text

    def seen(self, month: Month) -> Month:
        """A month as far as it exists for whoever reads this store; here, the whole of it."""
        return month

    @property
    def warnings(self) -> Path:
        """What other programs read: as_of=YYYY-MM-DD/*.parquet."""
        return self.folder / "warnings"

    @property
    def editions(self) -> Path:
        """Every edition of every published month, with its features and manifest."""
        return self.folder / "editions"
