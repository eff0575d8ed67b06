"""Every known failure, planted in a copy of the product, is found by its scenario: the scenarios can fail."""

from pathlib import Path

import pytest

from tests.process.judge import PromiseBroken
from tests.process.planted import FAILURES, Failure, plant
from tests.product import running_product

pytestmark = [pytest.mark.process, pytest.mark.planted]

PATIENCE_S = 3


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
def test_a_planted_failure_is_found(failure: Failure, tmp_path: Path) -> None:
    source = plant(failure.changes, tmp_path / "source")
    with running_product(tmp_path / "run", source=source, **failure.product) as product:
        failure.start(product)
        with pytest.raises(PromiseBroken) as found:
            failure.scenario(product, PATIENCE_S)
    assert found.value.args
