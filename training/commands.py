"""Commands: simulate a county, train, evaluate, gate, promote, roll back, choose thresholds, look into MLflow.

Each imports its modules when it is called, so that the others and `--help` stay quick.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from features.console import (
    DEFAULT_DATA_FOLDER,
    AsOfOption,
    AsOfOrNewestOption,
    DataOption,
    JsonOption,
    MlflowUrl,
    current_os_user,
    print_json,
    print_lines,
    progress_bar,
    progress_printer,
    utc_now,
)
from features.messages import Bilingual, Line

commands = typer.Typer()
Model = Annotated[str, typer.Option("--model", metavar="ALIAS|VERSION")]
GateFile = Annotated[Path | None, typer.Option("--gate", help="a gate (TOML); else the one that ships")]
Reason = Annotated[str, typer.Option("--reason", help="why; it is recorded")]


@commands.command("simulate")
def simulate_command(
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
    visits: Annotated[
        Path | None, typer.Option("--visits", metavar="FILE", help="loan_id and visited_on (Parquet): who is visited")
    ] = None,
    visit_effect: Annotated[
        float | None, typer.Option(min=0, max=1, help="of visited loans that would go bad, the share that pays instead")
    ] = None,
) -> None:
    """模拟: a synthetic county in the contract's tables."""
    if (visits is None) != (visit_effect is None):
        raise typer.BadParameter("--visits 与 --visit-effect 同用 / go together", param_hint="--visits")

    from training.simulate.order import Order
    from training.simulate.province import simulate as simulate_counties
    from training.simulate.scenarios import scenario_named
    from training.simulate.visits import VisitEffect, VisitOrder

    visit_order = None if visits is None or visit_effect is None else VisitOrder(visits, VisitEffect(visit_effect))
    order = Order(households, months, seed, replicates, scenario_named(scenario), visits=visit_order)
    with progress_bar(order.steps, "county-months") as advance:
        simulate_counties(order, out, workers, advance)


@commands.command("train")
def train_command(
    plan: Annotated[Path | None, typer.Option("--plan", help="a plan (TOML), or the name of one that ships")] = None,
    gate_file: GateFile = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    mlflow: MlflowUrl = None,
    as_json: JsonOption = False,
) -> None:
    """训练: fit, calibrate, judge, register a model."""
    from training.gate import DEFAULT_GATE_FILE, gate_lines, load_gate
    from training.output import candidate_lines, shadow_lines, summary_lines, visited_lines
    from training.plan_files import load_plan

    plan_from_file, bounds = load_plan(plan) if plan else None, load_gate(gate_file or DEFAULT_GATE_FILE)

    from training.evaluation.paired_models import comparison_lines
    from training.publish import Registry
    from training.train import plan_or_default, train, training_steps  # takes seconds: a wrong plan is refused before

    training_plan = plan_or_default(data, plan_from_file)
    with progress_bar(training_steps(training_plan), "steps") as advance:
        trained = train(data, training_plan, Registry(data, mlflow), current_os_user(), utc_now(), advance, bounds)
    version, alias = trained.bundle.version, trained.alias
    if as_json:
        told = {"model_version": version, "alias": alias, "judged": trained.report.months}
        print_json(told | {"shadow": trained.in_shadow, "gate": trained.gate, "comparison": trained.comparison})
        return
    print(f"model {version}: {alias}")
    card = trained.bundle.card
    print_lines([*candidate_lines(card), *visited_lines(card), *summary_lines(trained.report)])
    print_lines([*gate_lines(trained.gate), *(shadow_lines(version) if trained.in_shadow else ())])
    if isinstance(trained.comparison, Bilingual):
        print_lines([Bilingual(f"! {trained.comparison.zh}", f"! {trained.comparison.en}")])
    elif trained.comparison is not None:
        print_lines(comparison_lines(trained.comparison))


@commands.command("labels")
def labels_command(
    as_of: AsOfOption,
    out: Annotated[Path, typer.Option("--out", help="file to write: .csv, else Parquet")],
    plan: Annotated[Path | None, typer.Option("--plan", help="a plan (TOML), or the name of one that ships")] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """标签: which loans of a day's cohort went bad after it, by all data; no model is needed."""
    from features.atomic_files import write_bytes, write_parquet
    from features.ledger.ledger import Ledger
    from models.county_policy.policy_table import policy_table_of
    from training.cohort import day_labels
    from training.plan_files import load_plan

    labels = day_labels(Ledger(data / "ledger"), as_of, load_plan(plan or Path("demo")), policy_table_of(data))
    if out.suffix.lower() == ".csv":
        write_bytes(labels.write_csv().encode(), out)
    else:
        write_parquet(labels, out)
    bad, missing = labels["bad"].sum(), labels["bad"].null_count()
    loans = labels.height
    zh, en = (
        f"{out}：{loans} 笔，变坏 {bad}，未到期 {missing}",
        f"{out}: {loans} loans, {bad} bad, {missing} not mature",
    )
    print_lines([Bilingual(zh, en)])


@commands.command("evaluate")
def evaluate_command(
    model: Model = "champion",
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """评判: the judgement again, of any version."""
    from training.output import summary_lines

    number = model_number(data, model)

    from training.train import evaluate

    print_progress = progress_printer()
    report = evaluate(data, number, lambda _, line: print_progress(line))
    if as_json:
        print_json(report.months)
    else:
        print_lines(summary_lines(report))


@commands.command("gate")
def gate_command(
    model: Model = "challenger",
    gate_file: GateFile = None,
    again: Annotated[bool, typer.Option("--again", help="judge the model again on what is loaded today")] = False,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="the simulated inbox, to compare with its truth")
    ] = None,
    html_to: Annotated[
        Path | None, typer.Option("--html", help="a folder for the report in Chinese and English")
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    mlflow: MlflowUrl = None,
    as_json: JsonOption = False,
) -> None:
    """关口: may this model become champion? Exit 1 where it may not."""
    from training.gate import DEFAULT_GATE_FILE, gate_lines, load_gate

    bounds, number = load_gate(gate_file or DEFAULT_GATE_FILE), model_number(data, model)

    from models.mlflow_aliases import alias_lines, moved_aliases
    from training.evaluation.gate_input import report_for_gate  # takes seconds: a wrong gate is refused before
    from training.evaluation.page import write_report_pages
    from training.gate_criteria import gate_result

    print_progress = progress_printer()
    report = report_for_gate(data, number, again, truth, lambda _, line: print_progress(line))
    result = gate_result(report, bounds)
    if html_to is not None:
        write_report_pages(report, html_to)
    moved = moved_aliases(data, mlflow)
    print_lines(alias_lines(moved), sys.stderr)
    if as_json:
        aliases = None if moved is None else [each.json_values for each in moved]
        print_json({"passed": result.passes, "moved_aliases": aliases, "gate": result, "report": report})
    else:
        print_lines(gate_lines(result))
    raise typer.Exit(0 if result.passes else 1)


@commands.command("compare")
def compare_command(
    champion: Annotated[str, typer.Option("--champion", metavar="ALIAS|VERSION")] = "champion",
    challenger: Annotated[str, typer.Option("--challenger", metavar="ALIAS|VERSION")] = "challenger",
    html_to: Annotated[
        Path | None, typer.Option("--html", help="a folder for the comparison in Chinese and English")
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """比较: champion and challenger on the same loans, with paired intervals and who changes colour."""
    numbers = model_number(data, champion), model_number(data, challenger)

    from training.evaluation.comparison_page import write_comparison_pages
    from training.evaluation.paired_models import comparison_lines
    from training.evaluation.runs import compare_registered

    print_progress = progress_printer()
    comparison = compare_registered(data, *numbers, lambda _, line: print_progress(line))
    if html_to is not None:
        write_comparison_pages(comparison, html_to)
    if as_json:
        print_json(comparison.as_dict())
    else:
        print_lines(comparison_lines(comparison))


@commands.command("promote")
def promote_command(
    version: Annotated[str, typer.Argument(help="number of a registered model, or an alias")],
    reason: Reason,
    force: Annotated[bool, typer.Option("--force", help="in spite of the gate; what failed is recorded")] = False,
    gate_file: GateFile = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    mlflow: MlflowUrl = None,
) -> None:
    """上线: a registered model becomes champion."""
    from training.gate import DEFAULT_GATE_FILE, load_gate

    bounds, number = load_gate(gate_file or DEFAULT_GATE_FILE), model_number(data, version)

    from training.promotion import check_gate

    _assign_champion(data, number, reason, mlflow, check_gate(bounds, data, number, force))


@commands.command("rollback")
def rollback_command(reason: Reason, data: DataOption = DEFAULT_DATA_FOLDER, mlflow: MlflowUrl = None) -> None:
    """回退: the champion before is champion again."""
    from training.promotion import previous_champion

    _assign_champion(data, previous_champion(data), reason, mlflow)


@commands.command("mlflow")
def mlflow_command(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 5000,
    data: DataOption = DEFAULT_DATA_FOLDER,
    mlflow: MlflowUrl = None,
) -> None:
    """MLflow 页面: runs, models and pictures in a browser on this machine, until Ctrl-C."""
    from training.mlflow_ui import serve_mlflow

    def print_address(address: str) -> None:
        print_lines([Bilingual(f"MLflow：{address}（Ctrl-C 结束）", f"MLflow: {address} (Ctrl-C ends it)")])

    serve_mlflow(data, mlflow, port, print_address)


@commands.command("thresholds")
def thresholds_command(
    light_policy: Annotated[
        Path | None,
        typer.Argument(help="how thresholds are chosen (TOML), as light_policy in a plan; else by a month's visits"),
    ] = None,
    model: Model = "champion",
    as_of: AsOfOrNewestOption = None,
    visits: Annotated[
        int | None,
        typer.Option("--visits", min=0, max=1_000_000, help="loans to be lit in it; the budget where none is named"),
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="why; registers the model with these thresholds as challenger")
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    mlflow: MlflowUrl = None,
) -> None:
    """阈值: other thresholds, and who changes colour.

    With a reason the same trees with these thresholds become a new challenger.
    """
    from training.output import light_change_lines, policy_lines
    from training.plan import LightPolicy, MonthVisits
    from training.plan_files import load_light_policy

    if light_policy and (as_of or visits is not None):
        raise typer.BadParameter("阈值文件与 --as-of, --visits 只选其一 / a file, or --as-of and --visits, not both")
    policy_plan, number = load_light_policy(light_policy) if light_policy else None, model_number(data, model)

    from features.ledger.ledger import Ledger
    from models.budget_use import budget_sentences
    from models.registry import ModelStore
    from training.evaluation.conclusions import budget_conclusion
    from training.light_changes import light_changes, newest_month_end
    from training.month_thresholds import month_thresholds
    from training.promotion import Assignment, choose_thresholds, register_thresholds
    from training.publish import Registry

    ledger, model_in_registry = Ledger(data / "ledger"), ModelStore(data / "models").bundle(number)
    if policy_plan is None:
        chosen = MonthVisits(by="visits", as_of=as_of or newest_month_end(ledger), lit=visits)
        policy_plan = LightPolicy(chosen=chosen)
    print_progress = progress_printer()
    if isinstance(policy_plan.chosen, MonthVisits):
        use = month_thresholds(data, model_in_registry, policy_plan.chosen).use
        print_lines(budget_sentences(use, policy_plan.chosen.as_of))
        if not reason:
            return
    rethresholded = choose_thresholds(data, number, policy_plan, lambda _, line: print_progress(line))
    told = list[Line](budget_conclusion(rethresholded.report))
    if not isinstance(policy_plan.chosen, MonthVisits):
        changes = light_changes(data, model_in_registry, rethresholded.bundle)
        told += light_change_lines(changes)
    print_lines([*policy_lines(rethresholded.bundle.policy), *told])
    if reason:
        assignment = Assignment("challenger", reason, current_os_user(), utc_now())
        registered = register_thresholds(data, Registry(data, mlflow), rethresholded, assignment)
        print(f"model {registered.version}: challenger")


def _assign_champion(
    data: Path, number: int, reason: str, mlflow: str | None, failed_criteria: Sequence[str] = ()
) -> None:
    """Make a model champion and print whose light changes."""
    from models.mlflow_aliases import alias_lines
    from training.output import light_change_lines
    from training.promotion import Assignment, assign_alias, light_changes_under, moved_aliases_in
    from training.publish import Registry

    print_lines(alias_lines(moved_aliases_in(data, Registry(data, mlflow))), sys.stderr)
    changes = light_changes_under(data, number)
    assignment = Assignment("champion", reason, current_os_user(), utc_now())
    assign_alias(data, Registry(data, mlflow), number, assignment, failed_criteria)
    print_lines([Bilingual(f"在用模型：{number}", f"champion: {number}"), *light_change_lines(changes)])


def model_number(data: Path, model: str) -> int:
    """The number behind an alias, or the number itself."""
    from features.messages import UserError
    from models.registry import ModelStore

    number = int(model.split("-")[0]) if model.split("-")[0].isdigit() else ModelStore(data / "models").number_of(model)
    if number is None:
        shadow = ModelStore(data / "models").number_in_shadow
        if shadow is not None:
            raise UserError(
                f"没有模型 {model}：还没有模型通过关口；最新的是挑战者 {shadow}，请写 {shadow} 或 challenger。",
                f"There is no model {model}: none has passed the gate yet; the newest is the challenger {shadow}: "
                f"write {shadow} or challenger.",
            )
        raise UserError(
            f"没有模型 {model}；请先运行 lights train。",
            f"There is no model {model}; run lights train first.",
        )
    return number
