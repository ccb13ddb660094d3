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
Model = Annotated[
    str, typer.Option("--model", metavar="ALIAS|VERSION", help="模型别名或编号 / alias or number of a model")
]
GateFile = Annotated[
    Path | None,
    typer.Option("--gate", help="关口（TOML）；默认为自带的 / a gate (TOML); the one that ships by default"),
]
Reason = Annotated[str, typer.Option("--reason", help="原因，记录在案 / why; it is recorded")]


@commands.command("simulate")
def simulate_command(
    households: Annotated[int, typer.Option(min=50, max=2_900_000, help="农户数 / households")] = 600,
    months: Annotated[int, typer.Option(min=12, max=240, help="月数 / months")] = 48,
    seed: Annotated[int, typer.Option(min=0, help="随机种子 / seed of the random numbers")] = 1,
    out: Annotated[Path, typer.Option("--out", help="写入的交付文件夹 / the inbox to write")] = Path("inbox"),
    replicates: Annotated[
        int,
        typer.Option(
            min=0,
            max=10_000,
            help="为每笔贷款的真实风险试算的次数，写入 truth/；0 为不算 / "
            "futures tried for each loan's true hazard, in truth/; 0 for none",
        ),
    ] = 100,
    scenario: Annotated[
        str,
        typer.Option(
            help="情景：base、drought、price_collapse、epidemic、policy_change、late_bank 或 small_township / "
            "scenario: base, drought, price_collapse, epidemic, policy_change, late_bank or small_township"
        ),
    ] = "base",
    workers: Annotated[
        int, typer.Option(min=1, max=256, help="同时模拟的县数 / counties simulated at the same time")
    ] = 1,
    visits: Annotated[
        Path | None,
        typer.Option(
            "--visits",
            metavar="FILE",
            help="走访的贷款和日期（Parquet，含 loan_id 和 visited_on） / "
            "loans visited and when (Parquet with loan_id and visited_on)",
        ),
    ] = None,
    visit_effect: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="走访使本会变坏的贷款转为正常还款的比例 / "
            "of visited loans that would go bad, the share that pays instead",
        ),
    ] = None,
) -> None:
    """模拟：按合同各表生成一个虚构的县 / Simulate a county in the contract's tables."""
    if (visits is None) != (visit_effect is None):
        raise typer.BadParameter(
            "--visits 与 --visit-effect 同用 / --visits and --visit-effect go together", param_hint="--visits"
        )

    from training.simulate.order import Order
    from training.simulate.province import simulate as simulate_counties
    from training.simulate.scenarios import scenario_named
    from training.simulate.visits import VisitEffect, VisitOrder

    visit_order = None if visits is None or visit_effect is None else VisitOrder(visits, VisitEffect(visit_effect))
    order = Order(households, months, seed, replicates, scenario_named(scenario), visits=visit_order)
    with progress_bar(order.steps, "县·月 / county-months") as advance:
        simulate_counties(order, out, workers, advance)


@commands.command("train")
def train_command(
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan", help="训练方案（TOML），或自带方案的名称 / a plan (TOML), or the name of one that ships"
        ),
    ] = None,
    gate_file: GateFile = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    mlflow: MlflowUrl = None,
    as_json: JsonOption = False,
) -> None:
    """训练：拟合、校准、评判并登记模型 / Fit, calibrate, judge and register a model."""
    from training.gate import DEFAULT_GATE_FILE, gate_lines, load_gate
    from training.output import candidate_lines, shadow_lines, summary_lines, visited_lines
    from training.plan_files import load_plan

    plan_from_file, bounds = load_plan(plan) if plan else None, load_gate(gate_file or DEFAULT_GATE_FILE)

    from training.evaluation.paired_models import comparison_lines
    from training.publish import Registry
    from training.train import plan_or_default, train, training_steps  # takes seconds: a wrong plan is refused before

    training_plan = plan_or_default(data, plan_from_file)
    with progress_bar(training_steps(training_plan), "步 / steps") as advance:
        trained = train(data, training_plan, Registry(data, mlflow), current_os_user(), utc_now(), advance, bounds)
    version, alias = trained.bundle.version, trained.alias
    if as_json:
        told = {"model_version": version, "alias": alias, "judged": trained.report.months}
        print_json(told | {"shadow": trained.in_shadow, "gate": trained.gate, "comparison": trained.comparison})
        return
    print_lines([Bilingual(f"模型 {version}：{alias}", f"model {version}: {alias}")])
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
    out: Annotated[
        Path, typer.Option("--out", help="写入的文件：.csv，否则为 Parquet / file to write: .csv, else Parquet")
    ],
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan", help="训练方案（TOML），或自带方案的名称 / a plan (TOML), or the name of one that ships"
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """标签：某日队列中哪些贷款此后变坏 / Write which loans of a day's cohort went bad after it, without a model."""
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
    """评判：再次评判任一版本的模型 / Judge any version of the model again."""
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
    again: Annotated[
        bool, typer.Option("--again", help="按今天已装载的数据重新评判 / judge the model again on what is loaded today")
    ] = False,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", help="模拟的交付文件夹，与其真值比对 / the simulated inbox, to compare with its truth"),
    ] = None,
    html_to: Annotated[
        Path | None,
        typer.Option("--html", help="写入中英文报告的文件夹 / folder for the report in Chinese and English"),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    mlflow: MlflowUrl = None,
    as_json: JsonOption = False,
) -> None:
    """关口：该模型能否成为在用模型，逐条说明 / Say whether a model may become champion, criterion by criterion.

    不能时退出码为 1 / Exit 1 where it may not.
    """
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
    champion: Annotated[
        str,
        typer.Option(
            "--champion", metavar="ALIAS|VERSION", help="在用模型的别名或编号 / alias or number of the champion"
        ),
    ] = "champion",
    challenger: Annotated[
        str,
        typer.Option(
            "--challenger", metavar="ALIAS|VERSION", help="挑战模型的别名或编号 / alias or number of the challenger"
        ),
    ] = "challenger",
    html_to: Annotated[
        Path | None,
        typer.Option("--html", help="写入中英文比较的文件夹 / folder for the comparison in Chinese and English"),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """比较：在用模型与挑战模型在同一批贷款上的差异 / Compare champion and challenger on the same loans.

    附成对区间和哪些贷款改变颜色 / With paired intervals, and who changes colour.
    """
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
    version: Annotated[str, typer.Argument(help="已登记模型的编号或别名 / number of a registered model, or an alias")],
    reason: Reason,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="未通过关口仍上线，未通过的条目记录在案 / in spite of the gate; what failed is recorded"
        ),
    ] = False,
    gate_file: GateFile = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    mlflow: MlflowUrl = None,
) -> None:
    """上线：把已登记的模型设为在用模型 / Make a registered model the champion."""
    from training.gate import DEFAULT_GATE_FILE, load_gate

    bounds, number = load_gate(gate_file or DEFAULT_GATE_FILE), model_number(data, version)

    from training.promotion import check_gate

    _assign_champion(data, number, reason, mlflow, check_gate(bounds, data, number, force))


@commands.command("rollback")
def rollback_command(reason: Reason, data: DataOption = DEFAULT_DATA_FOLDER, mlflow: MlflowUrl = None) -> None:
    """回退：恢复上一个在用模型 / Make the champion before this one the champion again."""
    from training.promotion import previous_champion

    _assign_champion(data, previous_champion(data), reason, mlflow)


@commands.command("mlflow")
def mlflow_command(
    port: Annotated[int, typer.Option(min=1, max=65535, help="端口 / port")] = 5000,
    data: DataOption = DEFAULT_DATA_FOLDER,
    mlflow: MlflowUrl = None,
) -> None:
    """MLflow 页面：在本机浏览器查看训练记录和模型 / Serve MLflow's pages of runs and models on this machine."""
    from training.mlflow_ui import serve_mlflow

    def print_address(address: str) -> None:
        print_lines([Bilingual(f"MLflow：{address}（Ctrl-C 结束）", f"MLflow: {address} (Ctrl-C ends it)")])

    serve_mlflow(data, mlflow, port, print_address)


@commands.command("thresholds")
def thresholds_command(
    light_policy: Annotated[
        Path | None,
        typer.Argument(
            help="阈值的选定方式（TOML，同方案中的 light_policy）；默认按一个月的走访数 / "
            "how thresholds are chosen (TOML, as light_policy in a plan); by a month's visits by default"
        ),
    ] = None,
    model: Model = "champion",
    as_of: AsOfOrNewestOption = None,
    visits: Annotated[
        int | None,
        typer.Option(
            "--visits",
            min=0,
            max=1_000_000,
            help="该月亮红黄灯的笔数；默认为走访预算 / loans to be lit in that month; the budget of visits by default",
        ),
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason",
            help="原因；填写后以新阈值登记为挑战模型 / why; registers the model with these thresholds as challenger",
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    mlflow: MlflowUrl = None,
) -> None:
    """阈值：换用其他阈值，以及哪些贷款改变颜色 / Choose other thresholds, and say who changes colour.

    填写原因则以同样的树和新阈值登记为挑战模型 / With a reason the same trees become a new challenger.
    """
    from training.output import light_change_lines, policy_lines
    from training.plan import LightPolicy, MonthVisits
    from training.plan_files import load_light_policy

    if light_policy and (as_of or visits is not None):
        raise typer.BadParameter("阈值文件与 --as-of、--visits 只选其一 / a file, or --as-of and --visits, not both")
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
        print_lines([Bilingual(f"模型 {registered.version}：challenger", f"model {registered.version}: challenger")])


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
