"""What five Chinese counties call files, columns and codes: from how such tables look, not from the shipped words.

Each line is a name of the contract and five words for it, one for each style of `county_workbooks`.
"""

from __future__ import annotations

NAMES = """
households         农户信息 农户花名册_2025 1.户   农户基本情况表 农户信息_20260110
members            家庭成员 家庭成员名单_2025 2.人 人口信息表 家庭成员_20260110
income_statements  家庭收支 收支监测_2025 Sheet3 家庭收入支出表 收入信息_20260110
assets             家庭资产 生产资料_2025 附表四 存栏及资产表 资产_20260110
loans              贷款台账 小额信贷台账_2025 放款 贷款发放明细表 借据信息_20260110
instalments        还款计划 应还明细_2025 应收 还本付息计划表 还款计划_20260110
payments           还款明细 还款明细_2025 实收 贷款回收明细 还款流水_20260110
loan_events        贷款变更 展期续贷明细_2025 变动(2) 展期续贷结清表 贷款变更_20260110
use_checks         用途核查 贷后检查_2025 检查 贷后检查台账 资金用途核查_20260110
credit_events      信用事件 征信事件_2025 Sheet10 征信情况表 信用事件_20260110
policies           承保明细 保单明细_2025 保 保险台账 保单_20260110
claims             理赔明细 保险理赔_2025 赔 理赔台账 理赔_20260110
hardships          困难事件 突发困难_2025 困 返贫监测台账 困难事件_20260110
village_reviews    村级评议 诚信评议_2025 评 信用评议结果 村级评议_20260110
prices             市场价格 农产品价格_2025 价 价格监测表 价格_20260110
"""
"""Files, and in styles 1 and 3 sheets."""

HEADINGS = """
households.household_id         农户编号 户编号 户号 家庭编号 农户编码
households.village_code         行政村代码 村代码 行政村编码 行政区划代码 村区划代码
households.county_name          县 所属县 县区 县名称 县(区)
households.township_name        乡镇 乡(镇) 所属乡镇 乡镇名称 乡镇
households.village_name         行政村 村 所属村 行政村名称 村名
households.household_type       户类型 农户类型 户属性 农户类别 户类别
households.registered_on        建档日期 识别时间 建档时间 登记日期 认定日期
households.known_on             填报日期 上报日期 数据日期 报送日期 数据日期

members.member_id               人员编号 成员编号 人员编码 成员编码 人员编号
members.household_id            农户编号 户编号 户号 家庭编号 农户编码
members.relation                与户主关系 与户主的关系 家庭关系 与户主关系 关系
members.sex                     性别 性别 性别 性别 性别
members.birth_date              出生日期 出生年月日 出生日期 出生年月 生日
members.education               文化程度 学历 受教育程度 文化程度 学历
members.health                  健康状况 身体状况 健康情况 健康状况 健康状况
members.labour                  劳动能力 劳动技能 劳动能力 劳动力情况 劳动能力
members.status                  人员状态 务工状态 状态 在家情况 人员状态
members.known_on                填报日期 上报日期 数据日期 报送日期 数据日期

income_statements.household_id      农户编号 户编号 户号 家庭编号 农户编码
income_statements.period_start      统计起始日期 起始日期 开始日期 统计期起 起始日
income_statements.period_end        统计截止日期 截止日期 结束日期 统计期止 截止日
income_statements.wage_income       工资性收入 务工收入 工资性 工资性收入 工资收入
income_statements.business_income   经营性收入 生产经营性收入 经营性 家庭经营性收入 经营收入
income_statements.property_income   财产性收入 财产性收入 财产性 财产性收入 财产收入
income_statements.transfer_income   转移性收入 转移性收入 转移性 转移性收入 转移收入
income_statements.production_cost   生产经营性支出 生产经营支出 生产经营 生产经营性支出 经营支出
income_statements.living_cost       生活消费支出 生活支出 生活消费 生活消费支出 生活支出
income_statements.medical_cost      医疗支出 医疗费用 医疗 医疗支出 医疗支出
income_statements.education_cost    教育支出 教育费用 教育 教育支出 教育支出
income_statements.known_on          填报日期 上报日期 数据日期 报送日期 数据日期

assets.household_id    农户编号 户编号 户号 家庭编号 农户编码
assets.observed_on     核查日期 盘点日期 统计日期 登记日期 核查日期
assets.sheep_count     羊存栏 羊存栏数 羊 羊只数 羊数量
assets.cattle_count    牛存栏 牛存栏数 牛 牛头数 牛数量
assets.farmland_mu     耕地面积 耕地亩数 耕地 承包地面积 耕地面积
assets.savings         存款余额 存款 存款 储蓄余额 存款余额
assets.outside_debt    其他负债 民间借款 外部负债 其他借款 其他负债
assets.known_on        填报日期 上报日期 数据日期 报送日期 数据日期

loans.loan_id               贷款编号 借据编号 借据号 贷款合同编号 借据号
loans.household_id          农户编号 户编号 户号 家庭编号 农户编码
loans.borrower_member_id    借款人编号 借款人编号 借款人编码 借款人编号 借款人编号
loans.bank                  承贷银行 放贷银行 银行 承贷机构 机构名称
loans.product               贷款品种 贷款种类 贷款类型 贷款产品 产品名称
loans.principal             贷款金额 发放金额 金额 贷款本金 借据金额
loans.annual_rate           贷款年利率 年利率 年利率 执行年利率 执行利率
loans.originated_on         发放日期 放款日期 发放日 贷款发放日 放款日
loans.matures_on            到期日期 到期日 到期日 贷款到期日 到期日
loans.repayment_method      还款方式 还本付息方式 还款方式 还款方式 还款方式
loans.declared_use          贷款用途 用途 用途 借款用途 资金用途
loans.subsidy_share         贴息比例 财政贴息比例 贴息比例 贴息比例 贴息比例
loans.subsidy_manner        贴息方式 财政贴息方式 贴息方式 贴息类型 贴息方式
loans.renews_loan_id        续贷原贷款编号 续贷前借据编号 原借据号 原贷款编号 原借据号
loans.known_on              填报日期 上报日期 数据日期 报送日期 数据日期

instalments.loan_id         贷款编号 借据编号 借据号 贷款合同编号 借据号
instalments.schedule_no     计划序号 计划编号 计划号 计划批次 计划版本
instalments.due_on          应还日期 应还款日期 应还日 约定还款日 计划还款日
instalments.principal_due   应还本金 应还本金 本金 应收本金 应还本金
instalments.interest_due    应还利息 应还利息 利息 应收利息 应还利息
instalments.known_on        填报日期 上报日期 数据日期 报送日期 数据日期

payments.payment_id         还款编号 还款流水号 流水号 还款编号 交易流水号
payments.loan_id            贷款编号 借据编号 借据号 贷款合同编号 借据号
payments.paid_on            还款日期 还款日期 还款日 实际还款日期 交易日期
payments.principal_paid     归还本金 实还本金 本金 回收本金 还款本金
payments.interest_paid      归还利息 实还利息 利息 回收利息 还款利息
payments.payer              还款来源 付款方 还款人类型 还款来源 付款人类型
payments.known_on           填报日期 上报日期 数据日期 报送日期 数据日期

loan_events.loan_id          贷款编号 借据编号 借据号 贷款合同编号 借据号
loan_events.occurred_on      办理日期 发生日期 办理日期 变更日期 业务日期
loan_events.kind             变更类型 业务类型 事件类型 变更类型 业务类型
loan_events.amount           涉及金额 金额 金额 变更金额 涉及金额
loan_events.new_matures_on   展期后到期日 新到期日 新到期日 展期后到期日 展期到期日
loan_events.withdrawn        是否撤销 已撤销 撤销 撤销标志 是否撤销
loan_events.known_on         填报日期 上报日期 数据日期 报送日期 数据日期

use_checks.loan_id      贷款编号 借据编号 借据号 贷款合同编号 借据号
use_checks.checked_on   核查日期 检查日期 检查日期 检查日期 核查日期
use_checks.finding      核查结论 检查结果 检查结论 检查结论 核查结果
use_checks.known_on     填报日期 上报日期 数据日期 报送日期 数据日期

credit_events.event_id       事件编号 记录编号 编号 事件编号 事件编号
credit_events.household_id   农户编号 户编号 户号 家庭编号 农户编码
credit_events.occurred_on    发生日期 发生日期 事件日期 发生日期 发生日期
credit_events.kind           事件类型 记录类型 信用事件 事件类型 事件类型
credit_events.amount         涉及金额 涉案金额 金额 涉及金额 金额
credit_events.closed_on      结清日期 结案日期 结清日期 结清日期 终结日期
credit_events.known_on       填报日期 上报日期 数据日期 报送日期 数据日期

policies.policy_id      保单号 保单号 保单号 保险单号 保单号
policies.household_id   农户编号 户编号 户号 家庭编号 农户编码
policies.kind           险种 险种 险种 险种名称 险种
policies.insured_from   起保日期 保险起期 起保日期 保险起期 起保日期
policies.insured_to     终保日期 保险止期 终保日期 保险止期 终保日期
policies.sum_insured    保险金额 保额 保额 保险金额 保额
policies.known_on       填报日期 上报日期 数据日期 报送日期 数据日期

claims.claim_id         赔案号 报案号 赔案号 理赔编号 赔案号
claims.policy_id        保单号 保单号 保单号 保险单号 保单号
claims.occurred_on      出险日期 出险时间 出险日期 出险日期 出险日期
claims.claimed_amount   报损金额 报案金额 报损金额 索赔金额 报损金额
claims.paid_amount      赔付金额 赔款金额 赔款 赔付金额 赔款金额
claims.settled_on       结案日期 结案时间 结案日期 赔付日期 结案日期
claims.known_on         填报日期 上报日期 数据日期 报送日期 数据日期

hardships.event_id       事件编号 记录编号 编号 事件编号 事件编号
hardships.household_id   农户编号 户编号 户号 家庭编号 农户编码
hardships.member_id      成员编号 人员编号 当事人编号 成员编号 人员编号
hardships.occurred_on    发生日期 发生时间 发生日期 发生日期 发生日期
hardships.cause          致困原因 风险类型 困难类型 监测原因 致困原因
hardships.loss_amount    损失金额 损失金额 损失 自付金额 损失金额
hardships.resolved_on    风险消除日期 消除日期 解除日期 风险消除时间 化解日期
hardships.known_on       填报日期 上报日期 数据日期 报送日期 数据日期

village_reviews.household_id       农户编号 户编号 户号 家庭编号 农户编码
village_reviews.reviewed_on        评议日期 评定日期 评议日期 评议时间 评议日期
village_reviews.integrity_points   诚信得分 诚信评分 诚信 诚信得分 诚信分
village_reviews.civility_points    文明得分 文明评分 文明 文明得分 文明分
village_reviews.known_on           填报日期 上报日期 数据日期 报送日期 数据日期

prices.product    品种 产品名称 品种 产品 产品
prices.month      月份 统计月份 月份 年月 月份
prices.price      均价 价格 价格 平均价格 价格
prices.known_on   填报日期 上报日期 数据日期 报送日期 数据日期
"""

GROUPS = {
    "household_id": "农户",
    "wage_income": "收入(元)", "business_income": "收入(元)", "property_income": "收入(元)",
    "transfer_income": "收入(元)", "production_cost": "支出(元)", "living_cost": "支出(元)",
    "medical_cost": "支出(元)", "education_cost": "支出(元)",
    "sheep_count": "存栏", "cattle_count": "存栏",
    "savings": "家庭存款与负债(万元)", "outside_debt": "家庭存款与负债(万元)",
    "principal": "借款", "annual_rate": "借款", "originated_on": "借款", "matures_on": "借款",
    "principal_due": "应还金额(万元)", "interest_due": "应还金额(万元)",
    "principal_paid": "实还金额(万元)", "interest_paid": "实还金额(万元)",
    "integrity_points": "得分", "civility_points": "得分",
}  # fmt: skip
"""In style 3, above the heading of a column: what is merged over it and its neighbours."""

CODES = """
household_type.lifted_out        脱贫户 已脱贫户 脱贫户 建档立卡脱贫户 脱贫户
household_type.unstable          脱贫不稳定户 脱贫不稳定户 脱贫不稳定户 脱贫不稳定 脱贫不稳定户
household_type.marginal          边缘易致贫户 边缘户 边缘易致贫户 边缘易致贫户 边缘户
household_type.sudden_hardship   突发严重困难户 突发困难户 突发严重困难户 突发严重困难户 突发严重困难户
household_type.ordinary          一般农户 一般户 一般农户 其他农户 普通农户
relation.head                    户主 本人 户主 户主 本人或户主
relation.spouse                  配偶 妻子 配偶 配偶 配偶
relation.child                   子女 之子 子女 长子 之女
relation.parent                  父母 父亲 之母 父母 之父
relation.other                   其他 孙子女 其他 之孙子 其他
sex.F                            女 女 女性 女 女
sex.M                            男 男 男性 男 男
education.none                   文盲半文盲 文盲或半文盲 文盲 未上学 文盲或半文盲
education.primary                小学 小学 小学 小学 小学
education.junior                 初中 初中 初中 初中 初中
education.senior                 高中 中专 高中 高中 高中
education.tertiary               大专及以上 大专 本科 大专及以上 大学
health.healthy                   健康 健康 良好 健康 健康
health.chronic                   长期慢性病 慢性病 慢性病 患慢性病 长期慢性病
health.serious_illness           患有大病 大病 重病 患有大病 大病
health.disabled                  残疾 残疾人 残疾 残疾 残疾
labour.full                      普通劳动力 有劳动能力 普通劳动力 技能劳动力 普通劳动力
labour.part                      弱劳动力或半劳动力 部分丧失劳动能力 半劳动力 弱劳动力 半劳动力
labour.none                      丧失劳动力 无劳动能力 无劳动力 丧失劳动力 无劳动力
status.present                   在家 在家 常住 在家 在家
status.working_away              外出务工 外出务工 务工 外出 外出务工
status.left                      迁出 户口迁出 迁出 已迁出 迁出
status.deceased                  死亡 去世 死亡 死亡 死亡
product.microloan                脱贫人口小额信贷 小额信贷 小额信贷 扶贫小额信贷 脱贫人口小额信贷
product.revolving                富农贷 循环贷 循环贷款 富农贷 循环贷
product.other                    其他 其他贷款 其他 其他 其他
method.bullet_quarterly_interest 按季结息，到期还本 按季付息到期还本 按季结息 按季结息、到期一次还本 按季结息到期还本
method.bullet_all                 到期一次性还本付息 到期一次还本付息 利随本清 一次性还本付息 到期还本付息
method.equal_instalment           等额本息 等额本息 等额本息 等额本息 等额本息
method.equal_principal            等额本金 等额本金 等额本金 等额本金 等额本金
declared_use.sheep               滩羊养殖 养羊 滩羊 肉羊养殖 滩羊养殖
declared_use.cattle              肉牛养殖 养牛 肉牛 肉牛养殖 肉牛养殖
declared_use.daylily             黄花菜种植 黄花种植 黄花菜 黄花菜 黄花菜种植
declared_use.grain               小杂粮种植 粮食种植 小杂粮 玉米种植 粮食
declared_use.forage              饲草种植 牧草种植 饲草 饲草 饲草种植
declared_use.herbs               中药材种植 中药材 中药材 甘草 中药材
declared_use.trade               商贸流通 个体经营 商贸 商贸 商业
declared_use.other               其他 其他 其他 其他产业 其他
subsidy_manner.direct            直接贴息 财政直接贴息 直补银行 贴息到银行 直接贴息
subsidy_manner.refund            先收后补 先付后贴 返还贴息 贴息到户 先付后补
withdrawn.true                   是 是 是 是 是
withdrawn.false                  否 否 否 否 否
payer.borrower                   借款人 农户 本人 借款人自还 客户
payer.subsidy                    财政贴息 贴息 财政贴息 财政贴息资金 贴息资金
payer.insurance                  保险赔付 保险公司 保险 保险赔款 保险
payer.compensation_fund          风险补偿金 风险补偿基金 风险补偿 风险补偿金代偿 代偿
payer.other                      其他 第三方 其他 担保人 其他
loan_events.kind.extended        展期 展期 展期 展期 展期
loan_events.kind.renewed         续贷 无还本续贷 续贷 续贷 续贷
loan_events.kind.settled         结清 已结清 结清 正常结清 结清
loan_events.kind.compensated     代偿 风险补偿 代偿 代偿 代偿
loan_events.kind.written_off     核销 核销 核销 核销 核销
finding.as_declared              符合用途 用途一致 一致 按用途使用 合规
finding.partly_diverted          部分改变用途 部分挪用 部分不符 部分挪用 部分改变用途
finding.diverted                 改变用途 挪用 不符 挪用 违规使用
finding.idle                     资金闲置 闲置 闲置 闲置 未使用
finding.put_right                已整改 整改完成 已整改 整改到位 已整改
credit_events.kind.overdue_elsewhere   他行逾期 其他机构逾期 逾期 他行逾期 他行逾期
credit_events.kind.default_elsewhere   他行不良 其他机构不良 不良 他行不良 他行违约
credit_events.kind.court_enforcement   被执行人 法院执行 被执行 失信被执行人 强制执行
credit_events.kind.new_debt            新增负债 新增贷款 新增借款 他行新增贷款 新增贷款
credit_events.kind.guarantee_called    对外担保代偿 担保代偿 担保代偿 担保代偿 担保代偿
credit_events.kind.inquiry             征信查询 查询 查询 贷款审批查询 征信查询
policies.kind.accident           意外伤害保险 意外险 意外险 家庭意外伤害保险 人身意外险
policies.kind.serious_illness    大病补充医疗保险 大病保险 大病险 大病补充保险 大病险
policies.kind.sheep_income       滩羊收益保险 滩羊收益险 滩羊收益险 肉羊收益保险 滩羊收益险
policies.kind.daylily_price      黄花菜价格指数保险 黄花价格险 黄花菜价格险 黄花菜价格保险 黄花价格险
policies.kind.crop               种植业保险 种植险 种植险 农作物保险 种植险
policies.kind.other              其他 其他 其他 其他 其他险种
cause.illness                    因病 患病 因病 因病 疾病
cause.disability                 因残 残疾 因残 因残 因残
cause.death                      死亡 去世 死亡 死亡 死亡
cause.missing                    失踪 失联 失踪 失踪 失联
cause.custody                    服刑 羁押 服刑 服刑 服刑
cause.disaster                   因灾 自然灾害 因灾 因灾 自然灾害
cause.epidemic                   动物疫病 疫情 疫病 牲畜疫病 疫情
cause.accident                   意外事故 因意外 意外 意外事故 交通事故
cause.business_failure           生产经营失败 经营失败 经营失败 产业失败 经营亏损
cause.unemployment               失业 务工不稳 失业 务工不稳定 失业
cause.price_collapse             市场价格下跌 价格下跌 价格下跌 价格大幅下跌 价格下跌
cause.schooling                  因学 上学 因学 因学 因学
cause.other                      其他 其他原因 其他 其他 其他
prices.product.sheep             滩羊 活羊 羊 滩羊 羊肉
prices.product.cattle            肉牛 活牛 牛 肉牛 牛肉
prices.product.daylily           黄花菜 黄花 黄花菜 干黄花菜 黄花
prices.product.grain             小杂粮 玉米 粮食 荞麦 玉米
prices.product.forage            饲草 苜蓿 饲草 牧草 饲草
prices.product.herbs             中药材 甘草 中药材 中药材 药材
prices.product.trade             商贸 商贸 流通 商贸 商贸
prices.product.other             其他 其他 其他 其他 其他
"""


def words(drawn: str) -> dict[str, tuple[str, ...]]:
    """Each name of a drawn list with its words."""
    lines = (line.split() for line in drawn.splitlines() if line.strip())
    return {name: tuple(rest) for name, *rest in lines}
