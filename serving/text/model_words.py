"""Words of the model's page in Chinese and English, by key."""

from __future__ import annotations

from collections.abc import Mapping

from features.messages import Bilingual

MODEL_WORDS: Mapping[str, Bilingual] = {
    "model": Bilingual("模型说明", "The model"),
    "no_model_used": Bilingual(
        "没有可用模型, 灯色只按规则。", "There is no usable model; lights are by the rules alone."
    ),
    "foretells": Bilingual("预测什么", "What it foretells"),
    "foretells_text": Bilingual(
        "对每笔尚未变坏的未结贷款, 给出它在截至日之后 {horizon} 个月内变坏 (逾期 {days} 天、代偿或核销) 的可能性。"
        "模型不使用民族、宗教、性别和具体病情; 灯色由信贷员核实后确认。",
        "For each open loan that has not gone bad, the likelihood that it does within {horizon} months after the day "
        "it is judged: {days} days past due, compensated or written off. Ethnicity, religion, sex and health detail "
        "are no inputs; an officer confirms each light.",
    ),
    "learned_from": Bilingual("从什么数据学得", "What it learned from"),
    "fold": Bilingual("样本", "Sample"),
    "fold_fit": Bilingual("学习", "learning"),
    "fold_calibration": Bilingual("校准", "calibration"),
    "fold_policy": Bilingual("定界限", "setting the thresholds"),
    "fold_judgement": Bilingual("评判", "judgement"),
    "months_from_to": Bilingual("月末", "Month ends"),
    "share_of_households": Bilingual("农户比例", "Share of households"),
    "went_bad": Bilingual("变坏", "Went bad"),
    "folds_note": Bilingual(
        "同一农户只在一个样本中; 评判用的月份晚于学习用的月份。数据版本 {data}, 程序版本 {code}。",
        "A household lies in one sample alone, and the months of judgement come after those of learning. Data version "
        "{data}, program version {code}.",
    ),
    "against_rules": Bilingual("与规则相比", "Against the rules"),
    "not_judged": Bilingual("此模型没有评判报告。", "No judgement of this model is kept."),
    "everyone": Bilingual("全部贷款", "All loans"),
    "not_in_arrears": Bilingual("未拖欠的贷款", "Loans not in arrears"),
    "visits_note": Bilingual(
        "逐月走访与规则相同的笔数 (共 {visits}); {loans} 笔·月中 {bad} 笔变坏。括号内为按农户重抽样的 95% 区间。",
        "Each month as many visits as the rules ask for ({visits} in all); of {loans} loan-months {bad} went bad. In "
        "brackets the 95% interval, by resampling households.",
    ),
    "contender": Bilingual("方法", "Way of choosing"),
    "found_bad": Bilingual("找到变坏", "Bad ones found"),
    "recall": Bilingual("找到的比例", "Share found"),
    "precision": Bilingual("走访中变坏的比例", "Bad among visited"),
    "money_found": Bilingual("找到的金额 (元)", "Money found (yuan)"),
    "less_rules": Bilingual("比规则多找到", "More found than by rules"),
    "lead": Bilingual("提前天数 (中位)", "Days ahead (median)"),
    "corner_fates": Bilingual("两灯四角, 结果如何", "The four corners, and what became of them"),
    "share_bad": Bilingual("变坏占比", "Share that went bad"),
    "money_bad": Bilingual("变坏金额 (元)", "Money that went bad (yuan)"),
    "calibrated": Bilingual("可能性是否属实", "Are the likelihoods true"),
    "curve_note": Bilingual(
        "每点为可能性相近的一组贷款; 越靠近虚线, 所说的可能性越属实。平均相差 {points} 个百分点。",
        "Each point is a group of loans of like likelihood; the nearer to the dashed line, the truer what is said. "
        "Off by {points} points on average.",
    ),
    "told_by_light": Bilingual("各灯所说是否属实", "What each light foretold, and what came"),
    "foretold_bad": Bilingual("预测变坏笔数", "Foretold to go bad"),
    "bad_over_foretold": Bilingual("变坏 / 预测 (95% 区间)", "Gone bad over foretold (95% interval)"),
    "predicted": Bilingual("所说的可能性", "Likelihood told"),
    "observed": Bilingual("实际变坏占比", "Share that went bad"),
    "months_ahead": Bilingual("按月的预测是否属实", "Are the likelihoods by month true"),
    "months_ahead_note": Bilingual(
        "只算结果已确定的贷款; 提前还清、结清或续贷的贷款不会再变坏。括号内为按农户重抽样的 95% 区间。",
        "Over loans whose outcome is certain; what is repaid, settled or renewed cannot go bad any more. In brackets "
        "the 95% interval, by resampling households.",
    ),
    "event": Bilingual("结果", "What happens"),
    "happened": Bilingual("实际占比", "Share to which it happened"),
    "due_soon": Bilingual(
        "预测期内到期的贷款: 谁在预测期内变坏", "Loans due within the horizon: which go bad within it"
    ),
    "once_due": Bilingual("到期时仍未还清的贷款: 谁随后变坏", "Loans still open when due: which go bad then"),
    "fairness": Bilingual("公平", "Fairness"),
    "fairness_note": Bilingual(
        "这些特征只供审查, 从不用于打分; 不足 {least} 笔的组, 以及可由总数推出的组, 不显示 (–)。",
        "Known for audit alone, never scored; a group under {least}, or one that a sum would tell of, is not shown "
        "(–).",
    ),
    "lit_of_all": Bilingual("亮灯", "Lit"),
    "false_greens": Bilingual("变坏而绿灯", "Bad but green"),
    "false_alarms": Bilingual("未变坏而亮灯", "Good but lit"),
    "thresholds": Bilingual("亮灯界限", "Thresholds"),
    "thresholds_text": Bilingual(
        "可能性达到 {yellow} 亮黄灯, 达到 {red} 亮红灯; 硬性规则另行亮灯。",
        "Yellow from a likelihood of {yellow}, red from {red}; hard rules light apart from these.",
    ),
    "keeps_text": Bilingual(
        "已亮的灯, 要等可能性降到界限的 {share} 以下才熄灭, 以免逐月闪烁。",
        "A light once lit goes out only below {share} of its threshold, so that it does not flicker.",
    ),
    "chosen_rules_visits": Bilingual(
        "界限的选法: 与规则走访同样多的贷款 (定界限样本中共亮灯 {lit} 笔, 其中红灯 {red} 笔)。",
        "How they were chosen: as many visits as the rules ask for ({lit} lit in the sample of thresholds, {red} of "
        "them red).",
    ),
    "chosen_visits": Bilingual(
        "界限的选法: {as_of} 那个月恰好亮灯 {lit} 笔, 其中红灯 {red} 笔 (已变坏的另计)。",
        "How they were chosen: to light {lit} loans of {as_of}, {red} of them red (those gone bad apart).",
    ),
    "chosen_budget": Bilingual(
        "走访预算: 至多点亮 {most_lit:.0%} 的贷款, 即样本中 {lit} 笔, 其中红灯 {red} 笔。",
        "The budget of visits: at most {most_lit:.0%} of the loans lit, {lit} of the sample, {red} of them red.",
    ),
    "within_budget": Bilingual("全部贷款, 按走访预算", "All loans, within the budget of visits"),
    "chosen_capacity": Bilingual(
        "界限的选法: 按各银行或乡镇的走访能力, 每百笔亮灯 {lit} 笔, 其中红灯 {red} 笔; 各组界限不同时见下表。",
        "How they were chosen: by what each bank or township can visit, {lit} lit of 100 loans, {red} of them red; "
        "each group's own are below.",
    ),
    "chosen_cost": Bilingual(
        "界限的选法: 走访花费低于所避免损失之处 (黄灯走访 {yellow} 元, 红灯走访 {red} 元)。",
        "How they were chosen: where a visit costs less than the loss it averts (a yellow visit {yellow} yuan, a red "
        "one {red} yuan).",
    ),
    "group": Bilingual("组", "Group"),
    "visit_effect": Bilingual("走访有没有用", "Did visits help?"),
    "loan_months": Bilingual("笔·月", "Loan-months"),
    "visit_effect_note": Bilingual(
        "{months} 个标签已成熟的月份, 计算于 {day} (lights cases effect); 变坏占比带 95% 区间。",
        "{months} months with mature labels, measured on {day} (lights cases effect); shares with 95% intervals.",
    ),
    "champions": Bilingual("历任模型", "Which model was in use, and why"),
    "when": Bilingual("时间", "When"),
    "alias": Bilingual("身份", "As what"),
    "alias_champion": Bilingual("在用 (冠军)", "in use (champion)"),
    "alias_challenger": Bilingual("候选 (挑战者)", "challenger"),
    "by": Bilingual("由", "By"),
    "reason": Bilingual("理由", "Reason"),
    "in_spite_of": Bilingual("未通过", "In spite of"),
    "model_version": Bilingual("模型版本", "Model"),
}
