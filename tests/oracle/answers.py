"""What the referee and the product say of loan L1, so that one test asks both for the same hand-worked life."""

from abc import ABC, abstractmethod
from datetime import date
from typing import Any

import polars as pl

from features.bad_spells import bad_spells, with_next_bad_on
from features.compute import Population, features_at
from features.contract.tables import TABLES
from features.delivered_tables import DeliveredTables
from features.snapshot.as_of import Snapshot
from features.snapshot.latest_versions import LatestVersions
from features.snapshot.life_rules import FROM_THE_START
from features.snapshot.life_rules import LifeRules as ProductRules
from tests.oracle import referee
from tests.oracle.dues import LifeRules
from tests.oracle.knowledge import Tables, yuan
from tests.oracle.lives import loan_facts
from training.labels import label_cohort
from training.plan_files import SHIPPED_PLANS, load_plan

LOAN_ID = "L1"
PLAN = load_plan(SHIPPED_PLANS / "demo.toml")
"""Bad from 30 days past due, within six months."""


class Answers(ABC):
    """The facts of the loan as one implementation of the contract's section 2 has them.

    Facts go by the names of `tests.oracle.lives.loan_facts`, amounts in yuan.
    """

    @abstractmethod
    def facts(self, tables: Tables, as_of: str, rules: LifeRules | None = None) -> dict[str, Any]:
        """All facts of the loan by what was known at as_of, and of its label by all data."""

    @abstractmethod
    def label(self, tables: Tables, as_of: date) -> bool | None:
        """Whether the loan goes bad within PLAN's horizon; None where by all data it is bad at as_of."""

    def spells(self, tables: Tables, as_of: str, rules: LifeRules | None = None) -> list[tuple[str | None, ...]]:
        return [tuple(one and str(one) for one in spell) for spell in self.facts(tables, as_of, rules)["spells"]]

    def statuses(self, tables: Tables, *days: str) -> list[str]:
        return [self.facts(tables, as_of)["status"] for as_of in days]


class RefereeAnswers(Answers):
    """The naive implementation in this folder."""

    def facts(self, tables: Tables, as_of: str, rules: LifeRules | None = None) -> dict[str, Any]:
        return loan_facts(tables, LOAN_ID, date.fromisoformat(as_of), rules)

    def label(self, tables: Tables, as_of: date) -> bool | None:
        return referee.label(tables, LOAN_ID, as_of, PLAN.horizon_months, PLAN.bad_after_days)


class ProductAnswers(Answers):
    """The package `features`: its snapshot, for open loans its features over that, and its times bad by all data."""

    def facts(self, tables: Tables, as_of: str, rules: LifeRules | None = None) -> dict[str, Any]:
        day, delivered, numbers = date.fromisoformat(as_of), delivered_tables(tables), product_rules(rules)
        snapshot = Snapshot(LatestVersions(delivered, day), day, numbers)
        loan = snapshot.loans.filter(loan_id=LOAN_ID).collect().row(0, named=True)
        loan["overdue_amount"] = loan["overdue_principal"] + loan["overdue_interest"]
        features = features_at(day, delivered, rules=numbers).filter(loan_id=LOAN_ID)
        assert features.height == loan["is_open"], "features_at tells of every open loan, and of no other"
        if loan["is_open"]:
            loan |= features.row(0, named=True)
        lives, everything = snapshot.book.lives, bad_spells(delivered, numbers)
        next_bad = with_next_bad_on(pl.DataFrame({"loan_id": [LOAN_ID]}), everything.filter(loan_id=LOAN_ID), day)
        following = everything.filter(pl.col("loan_id") == LOAN_ID, pl.col("bad_on") > day)
        return loan | {
            "dues": [due_facts(due) for due in lives.dues.filter(loan=loan["loan"]).to_dicts()],
            "spells": lives.spells.filter(loan=loan["loan"]).drop("loan").rows(),
            "next_bad_on": following["bad_on"].min(),
            "bad_by_all_data": next_bad.is_empty(),
        }

    def label(self, tables: Tables, as_of: date) -> bool | None:
        delivered, rules = delivered_tables(tables), ProductRules(PLAN.bad_after_days)
        cohort = features_at(as_of, delivered, Population.COHORT, rules).filter(loan_id=LOAN_ID)
        assert cohort.height == 1, "only a loan of the cohort has a label"
        labels = label_cohort(cohort, bad_spells(delivered, rules), as_of, PLAN)["bad"].to_list()
        return bool(labels[0]) if labels else None


def delivered_tables(tables: Tables) -> DeliveredTables:
    """The tables of a test as the product takes them."""
    return DeliveredTables.from_frames(
        {name: pl.DataFrame(rows, TABLES[name].schema, orient="row") for name, rows in tables.items()}
    )


def product_rules(rules: LifeRules | None) -> ProductRules:
    """The same numbers, the small sum in yuan."""
    if rules is None:
        return ProductRules()
    return ProductRules(rules.bad_after_days, yuan(rules.least), rules.cure_instalments, rules.cure_months)


def due_facts(due: dict[str, Any]) -> dict[str, Any]:
    """One instalment of the product; covered_on date.min: from the start."""
    days = (due["principal_covered_on"], due["interest_covered_on"])
    covered_on = None if None in days else max(days)
    return {
        "due_on": due["due_on"],
        "principal": due["principal_due"] / 100,
        "interest": due["interest_due"] / 100,
        "state_interest": due["state_interest"] / 100,
        "covered_on": date.min if covered_on == FROM_THE_START else covered_on,
    }
