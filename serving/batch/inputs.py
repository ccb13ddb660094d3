"""The inputs of a monthly run, by name and opened: equal inputs give equal bytes, on any machine and in any blocks."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from features.ledger.ledger import Ledger
from features.messages import UserError
from features.months import is_month_end, month_end
from features.snapshot.life_rules import BAD_AFTER_DAYS, LifeRules
from models.bundle import Bundle
from models.county_policy import policy_table as policies
from models.county_policy.policy_table import policy_table_of
from models.traffic_light import rule_table as rules
from models.traffic_light.rule_table import rule_table_of
from serving.batch.program import program_digest
from serving.batch.warnings import NO_MODEL, ScoringPolicy
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.news_days import NewsRepository
from serving.months.repository import MonthRepository

"""Days past due after which a loan has gone bad, where no model says otherwise."""
HOUSEHOLDS_IN_PART = 30_000
"""Borrowing households of a block; a county with more is computed in several."""


@dataclass(frozen=True)
class RunSpec:
    """The names of a run's inputs; small enough to travel to other processes and machines.

    data: the data folder that all workers read. tables: the folder with the county's own rules and policy as they
    were. model: the number of the bundle, None for the rules alone. shadow: whether the model moves no light.
    previous_month: day and edition of the month that this one is compared with. households_in_part: borrowing
    households in a block. program: a digest of the code. terms_version: of the terms that bind the loans granted
    before, which the policy's own version does not cover. news: days and editions of the news after which lights by
    probability are held on to; empty for a month. is_month: whether the tasks also tell what the manifest of a month
    counts: what became of bad loans, and what each bank has delivered.
    """

    data: Path
    tables: Path
    as_of: date
    data_version: str
    model: int | None
    shadow: bool
    model_version: str
    policy_version: str
    terms_version: str
    previous_month: tuple[str, int] | None
    households_in_part: int
    program: str
    news: tuple[tuple[str, int], ...] = ()
    is_month: bool = False

    @property
    def digest(self) -> str:
        """A hash of every input that decides a byte of the month or its blocks; paths do not count."""
        decides = (
            self.as_of.isoformat(),
            *(self.data_version, self.model_version, self.policy_version, self.terms_version, self.program),
            *(self.previous_month, self.households_in_part),
            self.shadow,
            *self.news,
        )
        return hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class RunContext:
    """The inputs of a run, opened.

    ledger: as it was at the spec's data version. scoring: rules, policy and model in force. previous_month: the month
    that this one is compared with, None where there is none. news: the days after which lights are held on to.
    """

    ledger: Ledger
    scoring: ScoringPolicy
    previous_month: PublishedMonth | None
    news: tuple[PublishedMonth, ...] = ()

    @property
    def life_rules(self) -> LifeRules:
        """The numbers by which a loan is late, bad and cured, of the model and the policy in force."""
        days = self.scoring.bundle.bad_after_days if self.scoring.bundle else BAD_AFTER_DAYS
        return self.scoring.county_policy.life_rules(days)


def current_run_spec(
    data_folder: DataFolder, as_of: date, tables: Path, households_in_part: int, rules_only: bool = False
) -> tuple[RunSpec, str | None]:
    """The inputs of a run that begins now, and why there is no model where there is none (else None).

    rules_only: whether the rules alone are to decide, whatever models there are.

    Raises UserError for a day that is no month end or has no rules, and DamagedModelError where the model in use
    cannot be read.
    """
    if not is_month_end(as_of):
        raise UserError(
            f"{as_of} 不是月末；每月按月末评灯，例如 {month_end(as_of)}。",
            f"{as_of} is no month end; lights are set at month ends, for example {month_end(as_of)}.",
        )
    model = ModelInUse(None, why_none="--rules-only") if rules_only else model_in_use(data_folder)
    if model.is_damaged:
        raise DamagedModelError(str(model.why_none))
    bundle, previous_month = model.bundle, MonthRepository(data_folder).previous_month(as_of)
    scoring = _scoring_policy(data_folder.folder, as_of, model, data_folder.ledger.data_version)
    spec = RunSpec(
        data=data_folder.folder.resolve(),
        tables=tables.resolve(),
        as_of=as_of,
        data_version=scoring.data_version,
        model=bundle.number if bundle else None,
        shadow=model.shadow,
        model_version=scoring.model_version,
        policy_version=scoring.policy_version,
        terms_version=data_folder.policies.contract_terms(as_of).version,
        previous_month=(previous_month.as_of.isoformat(), previous_month.edition) if previous_month else None,
        households_in_part=households_in_part,
        program=program_digest(),
        is_month=True,
    )
    return spec, model.why_none


def day_run_spec(
    data_folder: DataFolder, month: PublishedMonth, as_of: date, tables: Path, households_in_part: int
) -> RunSpec:
    """The inputs of a day after a published month: its model, and data, rules and policy as they are now.

    A model that was promoted since begins with the next month. On a month end lights are held on to as that month's
    own run will do it, on other days after the news so far.
    """
    published = published_run_spec(data_folder, month, households_in_part)
    bundle = None if published.model is None else data_folder.models.bundle(published.model)
    model = ModelInUse(bundle, published.shadow)
    scoring = _scoring_policy(data_folder.folder, as_of, model, data_folder.ledger.data_version)
    news = [] if is_month_end(as_of) else NewsRepository(data_folder).days_since(month)
    return replace(
        published,
        tables=tables.resolve(),
        as_of=as_of,
        data_version=scoring.data_version,
        model_version=scoring.model_version,
        policy_version=scoring.policy_version,
        terms_version=data_folder.policies.contract_terms(as_of).version,
        previous_month=(month.as_of.isoformat(), month.edition),
        news=tuple((day.as_of.isoformat(), day.edition) for day in news if day.as_of < as_of),
    )


def published_run_spec(data_folder: DataFolder, month: PublishedMonth, households_in_part: int) -> RunSpec:
    """The inputs of a published month, with today's program."""
    manifest = month.manifest
    return RunSpec(
        data=data_folder.folder.resolve(),
        tables=(month.folder / "tables").resolve(),
        as_of=month.as_of,
        data_version=manifest.data_version,
        model=None if manifest.model_version == NO_MODEL else int(manifest.model_version.partition("-")[0]),
        shadow=manifest.shadow,
        model_version=manifest.model_version,
        policy_version=manifest.policy_version,
        terms_version=month.contract_terms.version,
        previous_month=(manifest.before[0], manifest.before[1]) if manifest.before else None,
        households_in_part=households_in_part,
        program=program_digest(),
    )


def copy_county_tables(data_folder: DataFolder, tables: Path) -> None:
    """Copy the county's own rules and policy tables, if it has any, into the month's folder `tables`."""
    tables.mkdir(parents=True, exist_ok=True)
    for name in (rules.FILE, policies.FILE):
        if (data_folder.folder / name).exists():
            shutil.copyfile(data_folder.folder / name, tables / name)


@lru_cache(maxsize=2)
def open_context(spec: RunSpec) -> RunContext:
    """The inputs of a run; a process opens them once.

    Raises UserError where one of them is not what its name says: another program, data folder, model or table.
    """
    data_folder = DataFolder(spec.data)
    if spec.program != program_digest():
        raise UserError(
            "各进程的程序版本不一致；请在每台机器上安装同一版本。",
            "The workers do not run the same program; install the same version on every machine.",
        )
    bundle = None if spec.model is None else data_folder.models.bundle(spec.model)
    scoring = _scoring_policy(spec.tables, spec.as_of, ModelInUse(bundle, spec.shadow), spec.data_version)
    versions = (spec.model_version, scoring.model_version), (spec.policy_version, scoring.policy_version)
    for needed, present in versions:
        if needed != present:
            raise UserError(
                f"现有版本 {present} 与所需版本 {needed} 不同；请恢复当时的模型、规则表和程序版本。",
                f"Version {present} is there, {needed} is needed; "
                "put back the model, the tables and the program of then.",
            )
    previous_month = None
    if spec.previous_month:
        day, edition = spec.previous_month
        previous_month = MonthRepository(data_folder).edition(date.fromisoformat(day), edition)
    days = NewsRepository(data_folder)
    news = tuple(days.edition(date.fromisoformat(day), edition) for day, edition in spec.news)
    return RunContext(data_folder.ledger.at(spec.data_version), scoring, previous_month, news)


class ModelInUse(NamedTuple):
    """The model that scores: the champion, or in shadow the challenger of a store that never had a champion.

    bundle: None where there is none; why_none then says why. shadow: whether the model moves no light. is_damaged:
    whether there is one that cannot be read.
    """

    bundle: Bundle | None
    shadow: bool = False
    why_none: str | None = None
    is_damaged: bool = False


class DamagedModelError(UserError):
    """The model in use cannot be read, so that a month would be lit by the rules alone without being asked for."""

    exit_code = 3

    def __init__(self, why: str) -> None:
        super().__init__(
            f"在用模型无法使用，未评灯：{why}。请从备份恢复模型，或另选模型（lights promote、lights rollback）；"
            "确要仅按规则评灯，请加 --rules-only。",
            f"The model in use cannot be used, and the month was not scored: {why}. Restore the model from a backup, "
            "or take another (lights promote, lights rollback); to score by the rules alone add --rules-only.",
        )


def model_in_use(data_folder: DataFolder) -> ModelInUse:
    """The champion; where there never was one, the challenger in shadow; else None and why."""
    try:
        bundle, in_shadow = data_folder.models.in_use, data_folder.models.number_in_shadow is not None
    except UserError as refusal:
        return ModelInUse(None, why_none=str(refusal.message), is_damaged=True)
    return ModelInUse(bundle, in_shadow, None if bundle else "尚无模型 / there is no model yet")


def _scoring_policy(tables: Path, as_of: date, model: ModelInUse, data_version: str) -> ScoringPolicy:
    in_force = rule_table_of(tables).in_force(as_of), policy_table_of(tables).in_force(as_of)
    return ScoringPolicy(*in_force, model.bundle, data_version, model.shadow)


def previous_county_file(month: PublishedMonth | None, county: str, ledger: Ledger) -> str | None:
    """The county, where its loans can only be in the file of that county in the previous month; else None.

    A loan stays in its county's file, unless a correction gave it to another household.
    """
    has_file = month is not None and (month.folder / "warnings" / f"{county}.parquet").exists()
    return county if has_file and not ledger.reassigned_households else None
