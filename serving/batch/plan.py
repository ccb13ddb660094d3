"""The plan of a monthly run: tasks on counties, or on blocks of a large county, in stages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from features.ledger.ledger import Ledger


class Stage(StrEnum):
    """A kind of task. A small county takes WHOLE_COUNTY alone; one in blocks takes the others, one after another.

    The values are part of stored task names.
    """

    WHOLE_COUNTY = "whole"
    PEER_STATISTICS = "community"
    FEATURES = "facts"
    MEDIANS = "usual"
    LIGHTS = "lights"

    @property
    def reads_delivered_tables(self) -> bool:
        """Whether it reads delivered tables, or only the output of earlier stages."""
        return self not in (Stage.MEDIANS, Stage.LIGHTS)

    @property
    def compares_with_previous_month(self) -> bool:
        """Whether it reads the previous month."""
        return self in (Stage.WHOLE_COUNTY, Stage.LIGHTS)


@dataclass(frozen=True)
class Task:
    """A stage for a block of a county, or for all of it.

    block: from 0. blocks: how many the county has. loans: about how many delivered loans the task counts for in the
    progress.
    """

    stage: Stage
    county: str
    block: int = 0
    blocks: int = 1
    loans: int = 0

    @property
    def block_name(self) -> str:
        """The county's code, with the block's number from 001 where the task is for one block."""
        of_county = self.blocks == 1 or self.stage not in (Stage.FEATURES, Stage.LIGHTS)
        return self.county if of_county else f"{self.county}-{self.block + 1:03d}"

    @property
    def name(self) -> str:
        """The name of the task's folder: `640323.whole`, `640324-002.lights`."""
        return f"{self.block_name}.{self.stage}"

    def for_stage(self, stage: Stage, block: int = 0, loans: int = 0) -> Task:
        """The task of another stage for the county, or for one of its blocks."""
        return Task(stage, self.county, block, self.blocks, loans)


def stages_for(ledger: Ledger, households_in_part: int) -> list[list[Task]]:
    """The tasks of a run in stages: those of one list need nothing of each other, only of earlier lists."""
    stages: list[list[Task]] = [[], [], [], []]
    for county in ledger.counties:
        loans = delivered_loan_count(ledger, county)
        is_small = loans <= households_in_part  # then it has no more borrowing households, either
        blocks = 1 if is_small else len(ledger.tables(county).household_blocks(households_in_part))
        whole = Task(Stage.WHOLE_COUNTY, county, 0, blocks, loans)
        if blocks == 1:
            stages[-1].append(whole)
            continue
        stages[0].append(whole.for_stage(Stage.PEER_STATISTICS))
        stages[1] += [whole.for_stage(Stage.FEATURES, block) for block in range(blocks)]
        stages[2].append(whole.for_stage(Stage.MEDIANS))
        stages[3] += [whole.for_stage(Stage.LIGHTS, block, loans // blocks) for block in range(blocks)]
    return [tasks for tasks in stages if tasks]


def prerequisites(task: Task) -> list[Task]:
    """The tasks of earlier stages whose output a task reads."""
    reads = {
        Stage.FEATURES: [task.for_stage(Stage.PEER_STATISTICS)],
        Stage.MEDIANS: [task.for_stage(Stage.FEATURES, block) for block in range(task.blocks)],
        Stage.LIGHTS: [task.for_stage(Stage.FEATURES, task.block), task.for_stage(Stage.MEDIANS)],
    }
    return reads.get(task.stage, [])


def delivered_loan_count(ledger: Ledger, county: str | None = None) -> int:
    """Delivered rows of loans of a county, or of all, open and closed and in all versions; progress counts them."""
    return ledger.row_count("loans", county)
