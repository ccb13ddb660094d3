"""The data folder: ledger, models, rules, policies and published months of a county or of several."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from features.atomic_files import write_bytes
from features.contract.identity_numbers import is_identity_number
from features.contract.pseudonym import load_pseudonyms
from features.ledger.ledger import Ledger, ledger_in
from models.county_policy import policy_table as county_policy
from models.county_policy.policy_table import PolicyTable, parse_policy_table, policy_table_of, read_policy_file
from models.registry import ModelStore
from models.traffic_light.rule_table import FILE, RuleTable, parse_rule_table, read_rule_file, rule_table_of
from serving.months.edition import LoanScope
from serving.months.published_editions import OLD_PREFIX, month_folder_name


@dataclass(frozen=True)
class DataFolder:
    """The folder that commands and server read and write (`--data`, LIGHTS_DATA).

    Args:
        folder: its path.
        scope: the loans that exist for the reader; `MonthRepository` restricts every month to it. None for all.

    Example:
        >>> from serving.months.data_folder import DataFolder
        >>> folder = DataFolder(data)
        >>> folder.models.champion is not None, len(folder.ledger.counties) > 0
        (True, True)
        >>> sorted(path.name for path in folder.warnings.iterdir())[-1]
        'month=2025-12'
    """

    folder: Path
    scope: LoanScope | None = None

    @property
    def ledger(self) -> Ledger:
        """The ledger of delivered rows."""
        return ledger_in(self.folder / "ledger")

    @property
    def loaded_banks(self) -> frozenset[str]:
        """The banks that have a loan in the ledger; empty where nothing is loaded."""
        banks = self.ledger.scan("loans").select("bank").unique().collect()["bank"]
        return frozenset(banks.drop_nulls().to_list())

    @property
    def models(self) -> ModelStore:
        """The exported model bundles, among them the champion."""
        return ModelStore(self.folder / "models")

    @property
    def rules(self) -> RuleTable:
        """The county's own rule table, or the one that ships."""
        return rule_table_of(self.folder)

    @property
    def policies(self) -> PolicyTable:
        """The policy table: the county's own rows replace the shipped rows of the same sections."""
        return policy_table_of(self.folder)

    def replace_policies(self, path: Path, day: date) -> None:
        """Replace the county's own policy rows by those of a file.

        Raises UserError where the file is wrong, or no policy would be in force on `day`; nothing is replaced then.
        """
        file = read_policy_file(path)
        parse_policy_table(file).in_force(day)
        write_bytes(file.content, self.folder / county_policy.FILE)

    def replace_rules(self, path: Path, day: date) -> None:
        """Replace the county's own rule table by a file.

        Raises UserError where the file is wrong, or no rule would be in force on `day`; nothing is replaced then.
        """
        file = read_rule_file(path)
        parse_rule_table(file).in_force(day)
        write_bytes(file.content, self.folder / FILE)

    def stored_id(self, identifier: str) -> str:
        """An identifier as ledger and months have it: the pseudonym of an identity number, any other unchanged."""
        text = identifier.strip()
        return load_pseudonyms(self.folder).pseudonym(text) if is_identity_number(text) else text

    @property
    def warnings(self) -> Path:
        """The folder of the published warnings, which other programs read: `month=YYYY-MM/*.parquet`."""
        return self.folder / "warnings"

    @property
    def editions(self) -> Path:
        """The folder of all editions of all published months, each with its features and manifest."""
        return self.folder / "editions"

    @property
    def news(self) -> Path:
        """The folder of the news between month ends, which other programs read: `day=YYYY-MM-DD/*.parquet`."""
        return self.folder / "news"

    @property
    def news_days(self) -> Path:
        """The folder of all editions of all days of news, each with its manifest and the features of its loans."""
        return self.folder / "news_days"

    @property
    def judged_days(self) -> Path:
        """The folder of the newest days with warnings and features of all open loans, from which news were made."""
        return self.folder / "judged_days"

    def editions_of(self, as_of: date) -> Path:
        """The folder of a month's editions; the one that version 0.1 made for it, until it is renamed.

        as_of: the month end.
        """
        folder, old_folder = self.editions / month_folder_name(as_of), self.editions / f"{OLD_PREFIX}{as_of}"
        return old_folder if old_folder.exists() and not folder.exists() else folder
