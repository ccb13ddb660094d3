"""Gate files for tests: one that every model passes, one that none does."""

from __future__ import annotations

from pathlib import Path

from training.gate import DEFAULT_GATE_FILE


def nobody_passes(folder: Path) -> Path:
    return _gate(folder / "nobody.toml", ("auc = 0.60", "auc = 1.0"))


def everybody_passes(folder: Path) -> Path:
    """But with a barred column, other data or a sample against itself."""
    return _gate(
        folder / "everybody.toml",
        ("auc = 0.60", "auc = 0.0"),
        ("recall_over_rules = 1.0", "recall_over_rules = 0.0"),
        ("auc = 0.97", "auc = 1.0"),
        ("ece = 0.02", "ece = 1.0"),
        ("months_hold = 0.6", "months_hold = 0.0"),
        ("green_factor = 2.0", "green_factor = 1000000"),
        ("auc = 0.55", "auc = 0.0"),
        ("false_greens = 0.25", "false_greens = 1.0"),
        ("features_above = 0.25", "features_above = 1.0"),
        ("from = 0.48", "from = 0.0"),
        ("to = 0.52", "to = 1.0"),
        ("best_opponent_lead = 0.0", "best_opponent_lead = 1.0"),
        ("least_bad = 30", "least_bad = 1"),
        ("least_bad_in_fold = 20", "least_bad_in_fold = 1"),
        ("blocks = true", "blocks = false"),
    )


def _gate(path: Path, *changed: tuple[str, str]) -> Path:
    text = DEFAULT_GATE_FILE.read_text("utf-8")
    for old, new in changed:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    return path
