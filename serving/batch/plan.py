"""What is to be done for a month: steps on counties, or on blocks of a large one, in rounds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from features.ledger.ledger import Ledger


class Step(StrEnum):
    """What is done with a part. A county in one part takes one step, in blocks each of the others after the last."""

    WHOLE = "whole"
    COMMUNITY = "community"
    FACTS = "facts"
    USUAL = "usual"
    LIGHTS = "lights"

    @property
    def reads_rows(self) -> bool:
        """Whether it reads what was delivered, or only what earlier steps have left."""
        return self not in (Step.USUAL, Step.LIGHTS)

    @property
    def compares(self) -> bool:
        """Whether it reads the month before."""
        return self in (Step.WHOLE, Step.LIGHTS)


@dataclass(frozen=True)
class Job:
    """A step on a block of a county, or on all of it. loans: delivered, about, which it is worth of the progress."""

    step: Step
    county: str
    block: int = 0
    blocks: int = 1
    loans: int = 0

    @property
    def part(self) -> str:
        of_county = self.blocks == 1 or self.step not in (Step.FACTS, Step.LIGHTS)
        return self.county if of_county else f"{self.county}-{self.block + 1:03d}"

    @property
    def name(self) -> str:
        return f"{self.part}.{self.step}"

    def at(self, step: Step, block: int = 0, loans: int = 0) -> Job:
        return Job(step, self.county, block, self.blocks, loans)


def rounds_of(ledger: Ledger, households_in_part: int) -> list[list[Job]]:
    """Jobs in rounds: those of one round need nothing of each other, only of rounds before it."""
    rounds: list[list[Job]] = [[], [], [], []]
    for county in ledger.counties:
        loans = loans_delivered(ledger, county)
        few = loans <= households_in_part  # then its borrowing households are, too
        blocks = 1 if few else len(ledger.rows(county).blocks(households_in_part))
        whole = Job(Step.WHOLE, county, 0, blocks, loans)
        for jobs, more in zip(rounds, [[], [], [], [whole]] if blocks == 1 else _in_blocks(whole), strict=True):
            jobs += more
    return [jobs for jobs in rounds if jobs]


def _in_blocks(county: Job) -> list[list[Job]]:
    each, share = range(county.blocks), county.loans // county.blocks
    return [
        [county.at(Step.COMMUNITY)],
        [county.at(Step.FACTS, block) for block in each],
        [county.at(Step.USUAL)],
        [county.at(Step.LIGHTS, block, share) for block in each],
    ]


def read_by(job: Job) -> list[Job]:
    """The jobs of earlier rounds whose parts a job reads."""
    reads = {
        Step.FACTS: [job.at(Step.COMMUNITY)],
        Step.USUAL: [job.at(Step.FACTS, block) for block in range(job.blocks)],
        Step.LIGHTS: [job.at(Step.FACTS, job.block), job.at(Step.USUAL)],
    }
    return reads.get(job.step, [])


def loans_delivered(ledger: Ledger, county: str | None = None) -> int:
    """Rows of loans in a county or in all, open and closed and in all their versions: what progress is counted in."""
    parts = (part for commit in ledger.commits for part in commit.parts if part.table == "loans")
    return sum(part.rows for part in parts if county in (None, part.county))
