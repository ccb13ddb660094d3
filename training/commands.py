"""The commands of the house that learns: a simulated county, training, judging, promoting.

Each imports what it needs when it is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from features.console import VAR, Data, Json, now, print_json, progress, teller, who

commands = typer.Typer()
Model = Annotated[str, typer.Option("--model", metavar="ALIAS|VERSION")]
GateFile = Annotated[Path | None, typer.Option("--gate", help="a gate (TOML); else the one that ships")]
Reason = Annotated[str, typer.Option("--reason", help="why; it is recorded")]
MlflowUrl = Annotated[
    str | None,
    typer.Option("--mlflow", envvar="LIGHTS_MLFLOW", help="MLflow's database or server; SQLite in the data folder"),
]


@commands.command()
def simulate(
    households: Annotated[int, typer.Option(min=50, max=2_900_000)] = 600,
    months: Annotated[int, typer.Option(min=12, max=240)] = 48,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    out: Annotated[Path, typer.Option("--out", help="the inbox to write")] = Path("inbox"),
    replicates: Annotated[
        int, typer.Option(min=0, max=10_000, help="futures tried for each loan's true hazard, in truth/; 0: none")
    ] = 100,
    scenario: Annotated[
        str,
        typer.Option(help="base, drought, price_collapse, epidemic, policy_change, late_bank or small_township"),
    ] = "base",
    workers: Annotated[int, typer.Option(min=1, max=256, help="counties lived side by side")] = 1,
) -> None:
    """模拟: a synthetic county in the contract's tables."""
    from training.simulate.order import Order
    from training.simulate.province import simulate as simulate_counties
    from training.simulate.scenarios import scenario_named

    order = Order(households, months, seed, replicates, scenario_named(scenario))
    with progress(order.steps, "county-months") as advance:
        simulate_counties(order, out, workers, advance)


@commands.command()
def train(
    plan: Annotated[Path | None, typer.Option("--plan", help="a plan (TOML), or the name of one that ships")] = None,
    data: Data = VAR,
    mlflow: MlflowUrl = None,
    as_json: Json = False,
) -> None:
    """训练: fit, calibrate, judge, register a model."""
    from training.output import summary_lines
    from training.plan_files import plan_from

    given = plan_from(plan) if plan else None

    from training.publish import Registry
    from training.train import planned, steps_of  # takes seconds: a wrong plan is refused before
    from training.train import train as train_model

    whole = planned(data, given)
    with progress(steps_of(whole), "steps") as advance:
        trained = train_model(data, whole, Registry(data, mlflow), who(), now(), advance)
    if as_json:
        print_json({"model_version": trained.bundle.version, "alias": trained.alias, "judged": trained.report.months})
        return
    print(f"model {trained.bundle.version}: {trained.alias}")
    print("\n".join(summary_lines(trained.report)))


@commands.command()
def evaluate(
    model: Model = "champion",
    data: Data = VAR,
    as_json: Json = False,
) -> None:
    """评判: the judgement again, of any version."""
    from training.output import summary_lines

    number = number_of(data, model)

    from training.train import evaluate as evaluate_model

    tell = teller()
    report = evaluate_model(data, number, lambda _, line: tell(line))
    if as_json:
        print_json(report.months)
    else:
        print("\n".join(summary_lines(report)))


@commands.command()
def gate(
    model: Model = "challenger",
    gate_file: GateFile = None,
    again: Annotated[bool, typer.Option("--again", help="judge the model again on what is loaded today")] = False,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="the simulated inbox, to compare with its truth")
    ] = None,
    html_to: Annotated[
        Path | None, typer.Option("--html", help="a folder for the report in Chinese and English")
    ] = None,
    data: Data = VAR,
    as_json: Json = False,
) -> None:
    """关口: may this model become champion? Exit 1 where it may not."""
    from training.gate import SHIPPED, gate_in, gate_lines

    asked, number = gate_in(gate_file or SHIPPED), number_of(data, model)

    from training.evaluation.gate_input import report_for_gate  # takes seconds: a wrong gate is refused before
    from training.evaluation.page import write_pages
    from training.gate_criteria import gate_result

    tell = teller()
    report = report_for_gate(data, number, again, truth, lambda _, line: tell(line))
    result = gate_result(report, asked)
    if html_to is not None:
        write_pages(report, html_to)
    if as_json:
        print_json({"passed": result.passed, "gate": result, "report": report})
    else:
        print("\n".join(gate_lines(result)))
    raise typer.Exit(0 if result.passed else 1)


@commands.command()
def promote(
    version: Annotated[str, typer.Argument(help="number of a registered model, or an alias")],
    reason: Reason,
    force: Annotated[bool, typer.Option("--force", help="in spite of the gate; what failed is recorded")] = False,
    gate_file: GateFile = None,
    data: Data = VAR,
    mlflow: MlflowUrl = None,
) -> None:
    """上线: a registered model becomes champion."""
    from training.gate import SHIPPED, gate_in

    asked, number = gate_in(gate_file or SHIPPED), number_of(data, version)

    from training.promotion import failed_at

    _crown(data, number, reason, mlflow, failed_at(asked, data, number, force))


@commands.command()
def rollback(reason: Reason, data: Data = VAR, mlflow: MlflowUrl = None) -> None:
    """回退: the champion before is champion again."""
    from training.promotion import champion_before

    _crown(data, champion_before(data), reason, mlflow)


@commands.command()
def thresholds(
    light_policy: Annotated[Path, typer.Argument(help="how thresholds are chosen (TOML), as light_policy in a plan")],
    model: Model = "champion",
    reason: Annotated[
        str | None, typer.Option("--reason", help="why; registers the model with these thresholds as challenger")
    ] = None,
    data: Data = VAR,
    mlflow: MlflowUrl = None,
) -> None:
    """阈值: other thresholds, and who changes colour.

    With a reason the same trees with these thresholds become a new challenger.
    """
    from training.output import colour_lines, policy_lines
    from training.plan_files import light_policy_from

    chosen, number = light_policy_from(light_policy), number_of(data, model)

    from features.ledger.ledger import Ledger
    from models.registry import Models
    from training.light_changes import colours
    from training.promotion import Crowning, rethresholded, thresholds_published
    from training.publish import Registry

    tell = teller()
    changed = rethresholded(data, number, chosen, lambda _, line: tell(line))
    moves = colours(Ledger(data / "ledger"), Models(data / "models").numbered(number), changed.bundle)
    print("\n".join([*policy_lines(changed.bundle.policy), *colour_lines(moves)]))
    if reason:
        made = thresholds_published(data, Registry(data, mlflow), changed, Crowning("challenger", reason, who(), now()))
        print(f"model {made.version}: challenger")


def _crown(data: Path, number: int, reason: str, mlflow: str | None, failed: Sequence[str] = ()) -> None:
    from training.output import colour_lines
    from training.promotion import Crowning, colours_under, crowned
    from training.publish import Registry

    moves = colours_under(data, number)
    crowned(data, Registry(data, mlflow), number, Crowning("champion", reason, who(), now()), failed)
    print("\n".join([f"champion: {number}", *(colour_lines(moves) if moves else [])]))


def number_of(data: Path, model: str) -> int:
    """The number behind an alias, or the number itself."""
    from features.messages import Refused
    from models.registry import Models

    number = int(model.split("-")[0]) if model.split("-")[0].isdigit() else Models(data / "models").holder(model)
    if number is None:
        raise Refused(
            f"没有模型 {model}; 请先运行 lights train。",
            f"There is no model {model}; run lights train first.",
        )
    return number
