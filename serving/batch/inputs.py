"""What a month is computed from, by name: the same inputs give the same bytes, on any machine and in any parts."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from features.ledger.ledger import Ledger
from features.messages import Refused
from features.months import is_month_end, month_end
from models.bundle import Bundle
from models.county_policy import policy_table as policies
from models.county_policy.policy_table import policy_table_of
from models.traffic_light import rule_table as rules
from models.traffic_light.rule_table import rule_table_of
from serving.batch.warnings import NO_MODEL, Judges
from serving.months.data_folder import Store
from serving.months.repository import Month, Published

DEFAULT_BAD_AFTER_DAYS = 30
HOUSEHOLDS_IN_PART = 30_000
_PACKAGES = ("features", "models", "serving")
_LIBRARIES = ("lightgbm", "numba", "numpy", "polars", "pyarrow")


@dataclass(frozen=True)
class Inputs:
    """Names of all that a month is computed from; it travels to other processes and machines.

    data: the service's folder, shared by all who compute. tables: the folder with the county's own rules and policy as
    they were. model: the number of the bundle, None for the rules alone. before: day and edition of the month it is
    compared with. households_in_part: borrowing households computed at once. program: a digest of the code.
    """

    data: Path
    tables: Path
    as_of: date
    data_version: str
    model: int | None
    model_version: str
    policy_version: str
    before: tuple[str, int] | None
    households_in_part: int
    program: str

    @property
    def digest(self) -> str:
        """Of everything that decides a byte of the month or the shape of its parts, wherever it lies."""
        decides = (
            self.as_of.isoformat(),
            *(self.data_version, self.model_version, self.policy_version, self.program),
            *(self.before, self.households_in_part),
        )
        return hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Opened:
    """The inputs themselves."""

    ledger: Ledger
    judges: Judges
    before: Month | None

    @property
    def bad_after_days(self) -> int:
        return self.judges.bundle.bad_after_days if self.judges.bundle else DEFAULT_BAD_AFTER_DAYS


def inputs_now(store: Store, as_of: date, tables: Path, households_in_part: int) -> tuple[Inputs, str | None]:
    """What a run begun now is computed from, and why there is no model where there is none.

    Raises Refused for a day that is no month end or has no rules.
    """
    _check_month_end(as_of)
    bundle, refused = champion(store)
    before = Published(store).month_before(as_of)
    judges = _judges(store.folder, as_of, bundle, store.ledger.data_version)
    inputs = Inputs(
        data=store.folder.resolve(),
        tables=tables.resolve(),
        as_of=as_of,
        data_version=judges.data_version,
        model=bundle.number if bundle else None,
        model_version=judges.model_version,
        policy_version=judges.policy_version,
        before=(before.as_of.isoformat(), before.edition) if before else None,
        households_in_part=households_in_part,
        program=program(),
    )
    return inputs, refused


def inputs_of(store: Store, month: Month, households_in_part: int) -> Inputs:
    """What a published month was computed from; the program is today's."""
    manifest = month.manifest
    return Inputs(
        data=store.folder.resolve(),
        tables=(month.folder / "tables").resolve(),
        as_of=month.as_of,
        data_version=manifest.data_version,
        model=None if manifest.model_version == NO_MODEL else int(manifest.model_version.partition("-")[0]),
        model_version=manifest.model_version,
        policy_version=manifest.policy_version,
        before=(manifest.before[0], manifest.before[1]) if manifest.before else None,
        households_in_part=households_in_part,
        program=program(),
    )


def keep_tables(store: Store, tables: Path) -> None:
    """Lay the county's own rules and policy beside the month that is judged by them."""
    tables.mkdir(parents=True, exist_ok=True)
    for name in (rules.FILE, policies.FILE):
        if (store.folder / name).exists():
            shutil.copyfile(store.folder / name, tables / name)


@lru_cache(maxsize=2)
def opened(inputs: Inputs) -> Opened:
    """The ledger as it was, the judges and the month before; a process opens them once.

    Raises Refused where they are not what their names say: another program, data folder, model or table.
    """
    store = Store(inputs.data)
    if inputs.program != program():
        raise Refused(
            "各进程的程序版本不一致; 请在每台机器上安装同一版本。",
            "The workers do not run the same program; install the same version on every machine.",
        )
    bundle = None if inputs.model is None else store.models.numbered(inputs.model)
    judges = _judges(inputs.tables, inputs.as_of, bundle, inputs.data_version)
    for said, found in ((inputs.model_version, judges.model_version), (inputs.policy_version, judges.policy_version)):
        if said != found:
            raise Refused(
                f"现有版本 {found} 与所需版本 {said} 不同; 请恢复当时的模型、规则表和程序版本。",
                f"Version {found} is there, {said} is needed; put back the model, the tables and the program of then.",
            )
    before = Published(store).edition(date.fromisoformat(inputs.before[0]), inputs.before[1]) if inputs.before else None
    return Opened(store.ledger.at(inputs.data_version), judges, before)


def champion(store: Store) -> tuple[Bundle | None, str | None]:
    """The model in use, or why there is none."""
    try:
        bundle = store.models.champion
    except Refused as refusal:
        return None, str(refusal.words)
    return bundle, None if bundle else "尚无模型 / there is no model yet"


@lru_cache(maxsize=1)
def program() -> str:
    """A digest of the code that computes, and the versions of the libraries it computes with."""
    found = hashlib.sha256(json.dumps([version(name) for name in _LIBRARIES]).encode())
    root = Path(__file__).resolve().parents[2]
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            found.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:16]


def _judges(tables: Path, as_of: date, bundle: Bundle | None, data_version: str) -> Judges:
    in_force = rule_table_of(tables).in_force(as_of), policy_table_of(tables).in_force(as_of)
    return Judges(*in_force, bundle, data_version)


def _check_month_end(as_of: date) -> None:
    if not is_month_end(as_of):
        raise Refused(
            f"{as_of} 不是月末; 每月按月末评灯, 例如 {month_end(as_of)}。",
            f"{as_of} is no month end; lights are set at month ends, for example {month_end(as_of)}.",
        )


def county_before(before: Month | None, county: str, ledger: Ledger) -> str | None:
    """The county itself where last month all its loans lay in its own file; None where any may have.

    A loan stays in its county's file, unless a correction gave it to another household.
    """
    alone = before is not None and (before.folder / "warnings" / f"{county}.parquet").exists()
    return county if alone and not ledger.linked else None
