"""What became of bad loans is counted over all loans of all counties, however the run is split."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.spell_endings import spell_endings
from models.county_policy.policy_table import policy_table_of
from models.fund_curves import fund_history
from tests.serving.provinces import AS_OF, IN_BLOCKS, WHOLE, Province


@pytest.mark.parametrize("households_in_part", [WHOLE, IN_BLOCKS])
def test_the_fund_is_counted_over_all_counties_at_once(
    judged_province: Province, tmp_path: Path, households_in_part: int
) -> None:
    own = judged_province.copied_to(tmp_path / "var")
    policy = policy_table_of(own.data).in_force(AS_OF)
    rules = policy.life_rules(10)
    expected = fund_history(spell_endings(own.store.ledger.tables(), AS_OF, rules), AS_OF, policy.fund, 10)
    assert expected.new_bad_12m > 0
    assert own.scored(households_in_part).fund_history == expected.as_json
