"""The commands of the house that learns: a simulated county, training, judging, promoting.

Each imports what it needs when it is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from features.console import VAR, Data, Json, now, print_json, progress, teller, who

commands = typer.Typer()


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
    as_json: Json = False,
) -> None:
    """训练: fit, calibrate, judge, register a model."""
    from training.plan import plan_from
    from training.terminal import summary_lines

    planned = plan_from(plan) if plan else None

    from training.train import train as train_model  # takes seconds: a wrong plan is refused before

    trained = train_model(data, planned, who(), now(), teller())
    if as_json:
        print_json({"model_version": trained.bundle.version, "alias": trained.alias, "judged": trained.report.months})
        return
    print(f"model {trained.bundle.version}: {trained.alias}")
    print("\n".join(summary_lines(trained.report)))


@commands.command()
def evaluate(
    model: Annotated[str, typer.Option("--model", metavar="ALIAS|VERSION")] = "champion",
    data: Data = VAR,
    as_json: Json = False,
) -> None:
    """评判: the judgement again, of any version."""
    from training.terminal import summary_lines

    number = number_of(data, model)

    from training.train import evaluate as evaluate_model

    report = evaluate_model(data, number, teller())
    if as_json:
        print_json(report.months)
    else:
        print("\n".join(summary_lines(report)))


@commands.command()
def gate(
    model: Annotated[str, typer.Option("--model", metavar="ALIAS|VERSION")] = "challenger",
    gate_file: Annotated[Path | None, typer.Option("--gate", help="a gate (TOML); else the one that ships")] = None,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="the simulated inbox, to compare with its truth")
    ] = None,
    html_to: Annotated[
        Path | None, typer.Option("--html", help="a folder for the report in Chinese and English")
    ] = None,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="also without each family of features, and under five seeds")
    ] = False,
    data: Data = VAR,
    as_json: Json = False,
) -> None:
    """关口: may this model become champion? Exit 1 where it may not."""
    from training.gate import SHIPPED, gate_in, gate_lines

    asked, number = gate_in(gate_file or SHIPPED), number_of(data, model)

    from training.gate_criteria import gate_result
    from training.gating import judged_for_gate  # takes seconds: a wrong gate is refused before
    from training.judgement.page import html

    report = judged_for_gate(data, number, truth, teller(), thorough)
    result = gate_result(report, asked)
    if html_to is not None:
        html_to.mkdir(parents=True, exist_ok=True)
        for lang, name in (("zh", "judgement.zh.html"), ("en", "judgement.en.html")):
            (html_to / name).write_text(html(report, "zh" if lang == "zh" else "en"), "utf-8")
    if as_json:
        print_json({"passed": result.passed, "gate": result, "report": report})
    else:
        print("\n".join(gate_lines(result)))
    raise typer.Exit(0 if result.passed else 1)


@commands.command()
def promote(
    version: Annotated[str, typer.Argument(help="number of a registered model")],
    reason: Annotated[str, typer.Option("--reason", help="why; it is recorded")],
    data: Data = VAR,
) -> None:
    """上线: make a registered model the champion."""
    number = number_of(data, version)

    from training.publish import crowned

    crowned(data, number, "champion", reason, who(), now())
    print(f"champion: {number}")


def number_of(data: Path, model: str) -> int:
    """The number behind an alias, or the number itself."""
    from features.words import Refused
    from models.champions import Models

    number = int(model.split("-")[0]) if model.split("-")[0].isdigit() else Models(data / "models").holder(model)
    if number is None:
        raise Refused(
            f"没有模型 {model}; 请先运行 lights train。",
            f"There is no model {model}; run lights train first.",
        )
    return number
