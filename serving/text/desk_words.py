"""Words of the clerk's desk in Chinese and English, by key."""

from __future__ import annotations

from collections.abc import Mapping

from features.messages import Bilingual

DESK_WORDS: Mapping[str, Bilingual] = {
    "deliveries": Bilingual("数据送达", "Deliveries"),
    "delivery_matrix": Bilingual("送达一览", "What came, by table, bank and month"),
    "delivery_note": Bilingual(
        "月份按送达日; 数字为带来该行数据的文件的有效行数 (一个文件可含几家银行)。* 为必需的表。",
        "Months by day of delivery; numbers are the good rows of the files that brought rows of the bank (a file may "
        "hold several banks). * a needed table.",
    ),
    "missing_now": Bilingual(
        "本月尚缺 {count} 项必需的送达 (见下表); 送达不全的月份, 评灯会被退回, 除非写明原因。",
        "{count} needed deliveries are missing this month (see below); the run of a month whose deliveries are not "
        "complete is refused unless a reason is given.",
    ),
    "table": Bilingual("表", "Table"),
    "unknown_bank": Bilingual("银行未知", "bank not known"),
    "set_aside": Bilingual("隔离", "set aside"),
    "waiting_rows": Bilingual("等待", "waiting"),
    "quarantine": Bilingual("隔离区", "Quarantine"),
    "quarantine_book": Bilingual("下载 Excel, 可退回银行", "Excel file to send back"),
    "quarantine_empty": Bilingual("隔离区没有数据行。", "No row is in quarantine."),
    "first_rows": Bilingual("以下为前 {rows} 行, 全部见 Excel。", "The first {rows} rows; the Excel file has all."),
    "file": Bilingual("文件", "File"),
    "line": Bilingual("行", "Line"),
    "kind": Bilingual("类别", "Kind"),
    "column": Bilingual("列", "Column"),
    "month_run": Bilingual("月度评灯", "The month's run"),
    "run_month": Bilingual("开始评灯", "Run the month"),
    "incomplete_reason": Bilingual(
        "送达不全仍发布的原因 (可空)", "Reason to publish although deliveries are missing (may be empty)"
    ),
    "is_published": Bilingual("已发布", "published"),
    "run_monitor": Bilingual("监测最新月份", "Monitor the newest month"),
    "open_findings": Bilingual("{day} 的监测发现, 尚未确认", "Findings of {day} that nobody has acknowledged"),
    "no_open_findings": Bilingual("{day} 没有未确认的监测发现。", "No finding of {day} is open."),
    "known_because": Bilingual("已知原因", "Known because"),
    "acknowledge": Bilingual("确认勾选的并重新监测", "Acknowledge the ticked ones and monitor again"),
    "job": Bilingual("任务", "Job"),
    "jobs_lately": Bilingual("最近的任务", "Jobs lately"),
    "job_running": Bilingual("进行中", "under way"),
    "job_done": Bilingual("已完成", "done"),
    "job_refused": Bilingual("被退回或未完成", "refused, or not done"),
    "job_killed": Bilingual("中断; 重新开始会接着算", "broken off; starting again takes up what was computed"),
    "job_goes_on": Bilingual("关闭本页, 任务继续", "it goes on when this page is closed"),
    "job_prints": Bilingual("任务输出", "What the job prints"),
    "exit_code": Bilingual("退出码", "exit code"),
    "no_run_before": Bilingual("此前没有运行记录, 无法估算", "no run before to tell the time left by"),
    "last_run_took": Bilingual(
        "上次用了 {seconds} 秒, 约剩 {left} 秒", "the last run took {seconds} s, about {left} s left"
    ),
    "seconds": Bilingual("秒", "s"),
    "run_log": Bilingual("运行记录", "Runs"),
    "unreadable_runs": Bilingual("有 {count} 行记录无法读取", "{count} lines of the log cannot be read"),
    "at": Bilingual("时间", "At"),
    "command": Bilingual("命令", "Command"),
    "who": Bilingual("由谁", "By"),
    "run_outcome": Bilingual("结果", "Outcome"),
    "outcome_done": Bilingual("完成", "done"),
    "outcome_refused": Bilingual("退回", "refused"),
    "outcome_failed": Bilingual("失败", "failed"),
    "files_refused": Bilingual("退回的文件", "files refused"),
}
