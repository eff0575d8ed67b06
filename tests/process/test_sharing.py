"""Three hedgers, twelve markets, fills on all of them: each market has one owner at any time, whoever comes and goes.

Who owned what is told by Redis' own record, what was lost or doubled by the exchange's trades alone.
"""

import time
from pathlib import Path

import pytest

from hedge_strategy.coordination.lease import hedger_of
from tests.fleet.fleet import Fleet, running_fleet
from tests.polling import wait_until

pytestmark = pytest.mark.process

LEASE_MS = 5_000
LIFE_S = LEASE_MS / 1000
"""As usual: what is promised in lives has to hold beside other tests."""
STARTED_WITHIN_S = 40
FILLS, PER_S = 312, 24.0


def wait_owned_again(fleet: Fleet) -> float:
    """Until every market has an owner that lives; in seconds."""
    began_s = time.monotonic()
    wait_until(
        lambda: fleet.spread() == [6, 6], "all markets owned by the two that are left", deadline_s=STARTED_WITHIN_S
    )
    return time.monotonic() - began_s


def test_hedgers_share_markets_and_hand_over_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    with running_fleet(tmp_path / "fleet", markets=12, lease_ms=LEASE_MS) as (fleet, witness):
        for name in ("one", "two", "three"):
            fleet.start_hedger(name)
        wait_until(lambda: fleet.spread(), "the first owner", deadline_s=STARTED_WITHIN_S)
        fleet.wait_spread([4, 4, 4], deadline_s=3 * LIFE_S)
        wait_until(fleet.are_hedging, "all to hedge", deadline_s=STARTED_WITHIN_S)
        fleet.fill(PER_S, FILLS)

        fleet.hedgers["one"].kill()
        fleet.forget("one")
        assert wait_owned_again(fleet) <= 1.5 * LIFE_S
        wait_until(fleet.are_hedging, "all to hedge", deadline_s=STARTED_WITHIN_S)

        fleet.start_hedger("four")
        fleet.wait_spread([4, 4, 4], deadline_s=STARTED_WITHIN_S)
        fleet.hedgers["two"].interrupt()
        wait_until(lambda: fleet.spread() == [6, 6], "its markets with the others", deadline_s=3 * LIFE_S)
        assert fleet.hedgers["two"].wait() == 0
        fleet.forget("two")

        fleet.expect_all_hedged(FILLS)
        assert fleet.net_positions() == {}
        witness.close()
        assert witness.history.problems == []
        owners = {hedger_of(reign.owner) for reigns in witness.history.reigns.values() for reign in reigns}
        assert len(owners) == 4, "all four have owned some"
        assert sum(reign.claims for reigns in witness.history.reigns.values() for reign in reigns) >= FILLS
        assert fleet.mistakes() == []
