"""Hand-worked lives are asked of both implementations."""

import pytest

from tests.oracle.answers import Answers, ProductAnswers, RefereeAnswers


@pytest.fixture(params=[RefereeAnswers, ProductAnswers], ids=["referee", "product"])
def answers(request: pytest.FixtureRequest) -> Answers:
    """What one implementation says of loan L1."""
    of_implementation: Answers = request.param()
    return of_implementation
