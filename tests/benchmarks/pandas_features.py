"""The opponent: the features that the contract names, in vectorised pandas, as good as we know how to write it.

It knows what we know: which tables hold corrections is read from the ledger's commits, whole numbers stand for
identifiers, money is in fen, rows of closed loans and of households without an open loan are dropped as soon as
they are read, and running sums are searched, never joined. A table that was not delivered is missing for all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.sources.tables import TABLES

NAMES = (
    *("days_past_due", "overdue_principal", "overdue_interest", "overdue_amount", "outstanding_principal"),
    *("days_to_maturity", "months_on_book", "days_late_max_6m", "days_late_max_12m", "late_instalments_12m"),
    *("paid_share_12m", "borrower_paid_share_12m", "due_next_3m", "due_next_6m", "household_size"),
    *("income_per_head", "income_change", "statement_age_months", "household_debt", "debt_to_income"),
    *("repayment_cover", "hardships_12m", "unresolved_hardship", "insured_industry", "village_overdue_share"),
)
_CLOSING = ("settled", "compensated", "written_off")
_HERE = ("present", "working_away")
_INDUSTRY = ("sheep_income", "daylily_price", "crop")
_INCOMES = ["wage_income", "business_income", "property_income", "transfer_income"]
_COSTS = ["living_cost", "medical_cost", "education_cost"]
_MONEY = ["principal", "interest"]
_MOST_FEN = 2**40
"""More than any loan owes: loan number and running sum together make one sorted key."""
_MOST_DAYS = 2**10
"""More than repayment cover looks ahead: household number and day together make one sorted key."""
_LONGEST_LOOK = 365
_LEAST_OTHERS = 5

Array = np.ndarray[Any, np.dtype[Any]]


def features(ledger: Path, as_of: date) -> pd.DataFrame:
    """One row for each open loan, sorted by loan_id: the identifier and the features in NAMES."""
    evening = _Evening(ledger, as_of)
    loans, payments = _open_loans(evening)
    loans["household"], households = pd.factorize(loans["household_id"])
    dues = _dues(evening, loans, payments)
    _add_arrears(loans, dues)
    _add_windows(loans, dues, payments, evening)
    homes = _homes(evening, pd.Series(households))
    _add_household(loans, homes)
    _add_cover(loans, dues, homes)
    _add_village(loans)
    yuan = ["overdue_principal", "overdue_interest", "overdue_amount", "outstanding_principal"]
    loans[yuan] = loans[yuan] / 100
    return loans[["loan_id", *NAMES]].astype(dict.fromkeys(NAMES, "float64")).reset_index(drop=True)


@dataclass(frozen=True)
class _Evening:
    """The ledger's files, read as of a day."""

    ledger: Path
    as_of: date

    @cached_property
    def parts(self) -> list[dict[str, Any]]:
        commits = [json.loads(path.read_text("utf-8")) for path in sorted((self.ledger / "commits").glob("*.json"))]
        return [part for commit in commits for part in commit["parts"]]

    def known(self, table: str, *columns: str) -> pd.DataFrame:
        """The columns of the newest known version of every fact."""
        rows = self._delivered(table, *columns)
        return _newest(rows, list(TABLES[table].key)) if self._is_revised(table) else rows

    def of_homes(self, table: str, households: pd.Series, *columns: str) -> pd.DataFrame:
        """The same for some households, `home` their number; where a household is part of the key, it is cheaper."""
        rows = _numbered(self._delivered(table, "household_id", *columns), "household_id", households, "home")
        return _newest(rows, ["home", *TABLES[table].key[1:]]) if self._is_revised(table) else rows

    def insured(self, kinds: tuple[str, ...]) -> tuple[pd.DataFrame, bool]:
        """Policies of these kinds in force; whether any policy is known. Others are dropped before versions are."""
        rows = self._delivered("policies", "policy_id", "household_id", "kind", "insured_from", "insured_to")
        ever = rows.loc[self._in_force(rows, kinds), "policy_id"]
        newest = _newest(rows[_is_in(rows["policy_id"], ever)], ["policy_id"])
        return newest[self._in_force(newest, kinds)], len(rows) > 0

    def _in_force(self, rows: pd.DataFrame, kinds: tuple[str, ...]) -> pd.Series:
        today = pd.Timestamp(self.as_of)
        return _is_in(rows["kind"], kinds) & (rows["insured_from"] <= today) & (rows["insured_to"] >= today)

    def _delivered(self, table: str, *columns: str) -> pd.DataFrame:
        """All versions known by as_of, with the table's key if some fact has several."""
        parts = [part for part in self.parts if part["table"] == table]
        key = TABLES[table].key if self._is_revised(table) else ()
        wanted = list(dict.fromkeys([*columns, *key, "known_on"]))
        if not parts:
            return _nothing(table, wanted)
        read = pq.read_table([self.ledger / part["path"] for part in parts], columns=wanted, partitioning=None)
        rows: pd.DataFrame = read.to_pandas(date_as_object=False)
        known = rows["known_on"] <= pd.Timestamp(self.as_of)
        return rows if known.all() else rows[known]

    def _is_revised(self, table: str) -> bool:
        return any(part["revises"] for part in self.parts if part["table"] == table)

    def day(self, days: pd.Series) -> pd.Series:
        """Whole days from as_of: negative is past."""
        return days.astype("datetime64[s]").astype("int64") // 86400 - self._day_number

    def months_since(self, days: pd.Series) -> pd.Series:
        """Whole months, the day of month counted."""
        months = (self.as_of.year - days.dt.year) * 12 + self.as_of.month - days.dt.month
        whole: pd.Series = months - (days.dt.day > self.as_of.day)
        return whole

    def first_day(self, months: int) -> int:
        """The first day of the calendar months that end with as_of's month, in days from as_of."""
        return self._first_of_month(1 - months)

    def last_day(self, months: int) -> int:
        """The last day of the following month number `months`, in days from as_of."""
        return self._first_of_month(months + 1) - 1

    def _first_of_month(self, months: int) -> int:
        month = np.datetime64(self.as_of, "M") + np.timedelta64(months, "M")
        return int(month.astype("datetime64[D]").astype("int64")) - self._day_number

    @cached_property
    def _day_number(self) -> int:
        return int(np.datetime64(self.as_of, "D").astype("int64"))


def _nothing(table: str, columns: list[str]) -> pd.DataFrame:
    """No rows of a table that was not delivered."""
    empty = TABLES[table].schema | {"household_id": pl.String()}
    return pl.DataFrame(schema={name: empty[name] for name in columns}).to_pandas()


def _newest(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Few facts have several versions: only those are sorted."""
    several = rows.duplicated(key, keep=False)
    newest = rows[several].sort_values("known_on").drop_duplicates(key, keep="last")
    return pd.concat([rows[~several], newest])


def _is_in(values: pd.Series, among: Any) -> pd.Series:
    """Like `Series.isin`, which walks through Arrow's strings one by one."""
    found = pc.is_in(pa.array(values), value_set=pa.array(among)).to_numpy(zero_copy_only=False)
    return pd.Series(found, index=values.index)


def _fen(yuan: Any) -> Any:
    return (yuan.fillna(0) * 100).round().astype("int64")


def _numbered(rows: pd.DataFrame, by: str, names: pd.Series, number: str) -> pd.DataFrame:
    """Rows whose identifier is among `names`, and its index there instead; Arrow looks up strings fastest."""
    found = pc.index_in(pa.array(rows[by]), value_set=pa.array(names)).fill_null(-1).to_numpy()
    kept: pd.DataFrame = rows.drop(columns=by)[found >= 0]
    return kept.assign(**{number: names.index.to_numpy()[found[found >= 0]]})


def _open_loans(evening: _Evening) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Open loans, by their number, with what was paid on them; and their payments by day."""
    loans = _not_closed(evening)
    payments = _payments(evening, loans)
    paid = payments.groupby("loan")[_MONEY].sum().reindex(loans.index, fill_value=0)
    loans["paid_principal"], loans["paid_interest"] = paid["principal"], paid["interest"]
    loans["outstanding_principal"] = _fen(loans["principal"]) - paid["principal"]
    opened = (loans["outstanding_principal"] > 0).to_numpy()
    return loans[opened].copy(), payments[opened[payments["loan"]]]


def _not_closed(evening: _Evening) -> pd.DataFrame:
    events = evening.known("loan_events", "loan_id", "kind", "occurred_on", "new_matures_on")
    loans = evening.known("loans", "loan_id", "household_id", "principal", "originated_on", "matures_on")
    closed = events.loc[_is_in(events["kind"], _CLOSING), "loan_id"]
    going = (loans["originated_on"] <= pd.Timestamp(evening.as_of)) & ~_is_in(loans["loan_id"], closed)
    loans = loans[going].sort_values("loan_id", ignore_index=True)
    promises = events[events["new_matures_on"].notna()].sort_values(["occurred_on", "known_on", "new_matures_on"])
    promised = promises.drop_duplicates("loan_id", keep="last").set_index("loan_id")["new_matures_on"]
    matures_on = promised.reindex(loans["loan_id"]).set_axis(loans.index).fillna(loans["matures_on"])
    loans["days_to_maturity"] = evening.day(matures_on)
    loans["months_on_book"] = evening.months_since(loans["originated_on"])
    return loans


def _payments(evening: _Evening, loans: pd.DataFrame) -> pd.DataFrame:
    rows = evening.known("payments", "loan_id", "paid_on", "principal_paid", "interest_paid", "payer")
    rows = _numbered(rows, "loan_id", loans["loan_id"], "loan")
    payments = pd.DataFrame(
        {
            "loan": rows["loan"],
            "day": evening.day(rows["paid_on"]),
            "principal": _fen(rows["principal_paid"]),
            "interest": _fen(rows["interest_paid"]),
            "by_borrower": (rows["payer"] == "borrower").fillna(False).astype("bool"),
        }
    )
    return payments.iloc[np.argsort(payments["loan"].to_numpy() * _MOST_FEN + payments["day"], kind="stable")]


def _dues(evening: _Evening, loans: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """Instalments of the schedules in force, sorted by loan and day, with the day on which each was covered."""
    rows = evening.known("instalments", "loan_id", "schedule_no", "due_on", "principal_due", "interest_due")
    rows = _in_force(_numbered(rows, "loan_id", loans["loan_id"], "loan"))
    dues = pd.DataFrame(
        {
            "loan": rows["loan"],
            "day": evening.day(rows["due_on"]),
            "principal": _fen(rows["principal_due"]),
            "interest": _fen(rows["interest_due"]),
        }
    )
    dues = dues.iloc[np.argsort(dues["loan"].to_numpy() * _MOST_FEN + dues["day"], kind="stable")]
    covered = np.maximum(*(_covered(dues, payments, money) for money in _MONEY))
    return dues.assign(covered=covered, due=dues["principal"] + dues["interest"])


def _in_force(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of each loan's highest schedule."""
    later = rows.loc[rows["schedule_no"] > 1, ["loan", "schedule_no"]].groupby("loan")["schedule_no"].max()
    return rows[rows["schedule_no"] >= later.reindex(rows["loan"], fill_value=1).to_numpy()]


def _covered(dues: pd.DataFrame, payments: pd.DataFrame, money: str) -> Array:
    """The first day on which the sum paid reached the sum due; a far day where it has not, or nothing is needed."""
    needed, paid = _running(dues, money), _running(payments, money)
    loan, payer = dues["loan"].to_numpy(), payments["loan"].to_numpy()
    at = np.searchsorted(payer * _MOST_FEN + paid, loan * _MOST_FEN + needed)
    inside = np.minimum(at, max(len(payer) - 1, 0))
    reached = (at < len(payer)) & (payer[inside] == loan)
    day = np.where(reached, payments["day"].to_numpy()[inside], _MOST_FEN)
    return cast("Array", np.where(needed == 0, -_MOST_FEN, day))


def _running(rows: pd.DataFrame, money: str) -> Array:
    """The running total within each loan of sorted rows."""
    return rows.groupby("loan", sort=False)[money].cumsum().to_numpy()


def _add_arrears(loans: pd.DataFrame, dues: pd.DataFrame) -> None:
    """What has fallen due and is not paid, and since when."""
    past = dues[dues["day"] <= 0]
    fallen = past.groupby("loan", sort=False)[_MONEY].sum().reindex(loans.index, fill_value=0)
    for money in _MONEY:
        loans[f"overdue_{money}"] = (fallen[money] - loans[f"paid_{money}"]).clip(lower=0)
    loans["overdue_amount"] = loans["overdue_principal"] + loans["overdue_interest"]
    unpaid = past.loc[past["covered"] > 0, ["loan", "day"]]
    oldest = unpaid.drop_duplicates("loan").set_index("loan")["day"]
    loans["days_past_due"] = -oldest.reindex(loans.index, fill_value=0)


def _add_windows(loans: pd.DataFrame, dues: pd.DataFrame, payments: pd.DataFrame, evening: _Evening) -> None:
    """What fell due, was paid and comes due in so many calendar months."""
    _add_delays(loans, dues, evening)
    year = evening.first_day(12)
    due = _sums(loans, dues[dues["day"].between(year, 0)], "due")
    made = payments[payments["day"] >= year]
    made = made.assign(paid=made["principal"] + made["interest"])
    loans["paid_share_12m"] = _ratio(_sums(loans, made, "paid"), due)
    loans["borrower_paid_share_12m"] = _ratio(_sums(loans, made[made["by_borrower"]], "paid"), due)
    for months in (3, 6):
        coming = dues[dues["day"].between(1, evening.last_day(months))]
        loans[f"due_next_{months}m"] = _sums(loans, coming, "due") / 100


def _add_delays(loans: pd.DataFrame, dues: pd.DataFrame, evening: _Evening) -> None:
    past = dues.loc[dues["day"].between(evening.first_day(12), 0), ["loan", "day", "covered"]]
    past = past.assign(late=(past["covered"].clip(upper=0) - past["day"]).clip(lower=0))
    late = past[past["late"] > 0]
    recent = late[late["day"] >= evening.first_day(6)]
    for months, rows in ((6, recent), (12, late)):
        longest = rows.groupby("loan", sort=False)["late"].max()
        loans[f"days_late_max_{months}m"] = longest.reindex(loans.index, fill_value=0)
    loans["late_instalments_12m"] = late.groupby("loan", sort=False).size().reindex(loans.index, fill_value=0)


def _sums(loans: pd.DataFrame, rows: pd.DataFrame, column: str) -> pd.Series:
    return rows.groupby("loan", sort=False)[column].sum().reindex(loans.index, fill_value=0)


def _ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Missing where the whole is not positive."""
    return part / whole.where(whole > 0)


def _homes(evening: _Evening, households: pd.Series) -> pd.DataFrame:
    """One row a household with an open loan, by its number: what the other tables know of it."""
    homes = pd.DataFrame(index=households.index)
    homes["village"] = evening.of_homes("households", households, "village_code").set_index("home")["village_code"]
    homes["household_size"] = _size(evening, households)
    _add_income(homes, evening, households)
    _add_assets(homes, evening, households)
    _add_hardships(homes, evening, households)
    homes["insured_industry"] = _insured(evening, households)
    return homes


def _size(evening: _Evening, households: pd.Series) -> pd.Series:
    rows = evening.known("members", "household_id", "status")
    here = rows.loc[_is_in(rows["status"], _HERE), ["household_id"]]
    return _counts(here, households, len(rows) > 0)


def _counts(rows: pd.DataFrame, households: pd.Series, delivered: bool) -> pd.Series:
    """How many rows each household has; missing where the table was never delivered."""
    numbered = _numbered(rows, "household_id", households, "home")
    counts = np.bincount(numbered["home"].to_numpy(dtype="int64"), minlength=len(households))
    return pd.Series(counts if delivered else np.nan, index=households.index, dtype="float64")


def _add_income(homes: pd.DataFrame, evening: _Evening, households: pd.Series) -> None:
    """The newest statement by period_end, and the change from the one before."""
    columns = ["period_end", *_INCOMES, "production_cost", *_COSTS]
    rows = evening.of_homes("income_statements", households, *columns).sort_values(["home", "period_end"])
    is_newest = ~rows.duplicated("home", keep="last")
    newest = rows[is_newest].set_index("home")
    before = rows[~is_newest].drop_duplicates("home", keep="last").set_index("home")
    homes["net_income"] = _net_income(newest)
    homes["living"] = _fen(newest[_COSTS]).sum(axis=1)
    homes["income_change"] = _ratio(homes["net_income"], _net_income(before).reindex(homes.index)) - 1
    homes["statement_age_months"] = evening.months_since(newest["period_end"])


def _net_income(statements: pd.DataFrame) -> pd.Series:
    """In fen; a missing cell is nothing, four missing incomes are no statement of income."""
    stated = statements[_INCOMES].notna().any(axis=1)
    net = _fen(statements[_INCOMES]).sum(axis=1) - _fen(statements["production_cost"])
    return cast("pd.Series", net.where(stated).astype("float64"))


def _add_assets(homes: pd.DataFrame, evening: _Evening, households: pd.Series) -> None:
    """`outside_debt` and `saved`: savings and the herd at the newest known prices, in fen."""
    columns = ("observed_on", "sheep_count", "cattle_count", "savings", "outside_debt")
    rows = evening.of_homes("assets", households, *columns).sort_values(["home", "observed_on"])
    newest = rows.drop_duplicates("home", keep="last").set_index("home").reindex(homes.index)
    prices = _prices(evening)
    herd = sum(newest[f"{animal}_count"].fillna(0) * prices.get(animal, 0) for animal in ("sheep", "cattle"))
    homes["saved"] = _fen(newest["savings"]) + herd * 100
    homes["outside_debt"] = _fen(newest["outside_debt"])


def _prices(evening: _Evening) -> dict[str, float]:
    prices = evening.known("prices", "product", "month", "price")
    past = prices[prices["month"] <= pd.Timestamp(evening.as_of)].sort_values("month")
    return dict(zip(past["product"], past["price"], strict=True))


def _add_hardships(homes: pd.DataFrame, evening: _Evening, households: pd.Series) -> None:
    rows = evening.known("hardships", "household_id", "occurred_on", "resolved_on")
    today = pd.Timestamp(evening.as_of)
    happened = rows[rows["occurred_on"] <= today]
    recent = happened[happened["occurred_on"] >= today + pd.Timedelta(days=evening.first_day(12))]
    unresolved = happened[~(happened["resolved_on"] <= today)]
    homes["hardships_12m"] = _counts(recent[["household_id"]], households, len(rows) > 0)
    homes["unresolved_hardship"] = _counts(unresolved[["household_id"]], households, len(rows) > 0).clip(upper=1)


def _insured(evening: _Evening, households: pd.Series) -> pd.Series:
    insured, delivered = evening.insured(_INDUSTRY)
    return _counts(insured[["household_id"]], households, delivered).clip(upper=1)


def _add_household(loans: pd.DataFrame, homes: pd.DataFrame) -> None:
    """Household by household, then handed to each of its loans."""
    owed = loans.groupby("household")[["outstanding_principal", "overdue_amount"]].sum()
    homes["overdue"] = owed["overdue_amount"]
    debt = owed["outstanding_principal"] + homes["outside_debt"]
    homes["household_debt"] = debt / 100
    homes["debt_to_income"] = _ratio(debt, homes["net_income"])
    homes["income_per_head"] = _ratio(homes["net_income"] / 100, homes["household_size"])
    handed = [name for name in homes.columns if name in NAMES]
    loans[[*handed, "village"]] = homes[[*handed, "village"]].take(loans["household"].to_numpy()).to_numpy()


def _add_cover(loans: pd.DataFrame, dues: pd.DataFrame, homes: pd.DataFrame) -> None:
    """Means until maturity over what the household's open loans ask for until then."""
    home = homes.take(loans["household"].to_numpy()).set_index(loans.index)
    until = loans["days_to_maturity"].clip(0, _LONGEST_LOOK)
    left = (home["net_income"] - home["living"]).clip(lower=0)
    need = home["overdue"] + _due_until(loans, dues, until)
    loans["repayment_cover"] = _ratio(left * until / _LONGEST_LOOK + home["saved"], need)


def _due_until(loans: pd.DataFrame, dues: pd.DataFrame, until: pd.Series) -> Array:
    """What falls due on all open loans of the household until each loan's day: a running sum, looked up twice."""
    coming = dues.loc[dues["day"].between(1, _LONGEST_LOOK), ["loan", "day", "due"]]
    household = loans["household"].reindex(coming["loan"]).to_numpy()
    keys = household * _MOST_DAYS + coming["day"].to_numpy()
    order = np.argsort(keys, kind="stable")
    sums = np.concatenate([[0], coming["due"].to_numpy()[order].cumsum()])
    first = loans["household"].to_numpy() * _MOST_DAYS
    begin, end = (np.searchsorted(keys[order], day, side="right") for day in (first, first + until.to_numpy()))
    return cast("Array", sums[end] - sums[begin])


def _add_village(loans: pd.DataFrame) -> None:
    """The share in arrears of the others' outstanding principal."""
    owed = loans["outstanding_principal"]
    late = owed.where(loans["overdue_amount"] > 0, 0)
    village = pd.DataFrame({"village": loans["village"], "owed": owed, "late": late}).groupby("village")
    others = village["owed"].transform("sum") - owed
    enough = village["owed"].transform("size") - 1 >= _LEAST_OTHERS
    loans["village_overdue_share"] = _ratio(village["late"].transform("sum") - late, others.where(enough))
