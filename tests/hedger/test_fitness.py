"""A hedger in which one market after the other fails takes none, and finds out by itself when it can again."""

from hedge_strategy.hedger.fitness import Fitness


def unfit() -> Fitness:
    fitness = Fitness()
    fitness.failed("BTC", 0)
    fitness.failed("ETH", 0)
    assert not fitness.is_fit
    return fitness


def test_one_market_that_fails_again_and_again_has_a_reason_of_its_own() -> None:
    fitness = Fitness()
    for at_ms in range(10):
        fitness.failed("BTC", at_ms)
    assert fitness.is_fit


def test_what_works_in_between_shows_that_all_is_well() -> None:
    fitness = Fitness()
    fitness.failed("BTC", 0)
    fitness.works()
    fitness.failed("ETH", 0)
    assert fitness.is_fit


def test_after_a_while_it_tries_to_build_one_and_is_on_trial_where_that_succeeds() -> None:
    fitness = unfit()
    assert (fitness.begins_probe(4_999), fitness.begins_probe(5_000), fitness.begins_probe(5_000)) == (
        False,
        True,
        False,
    )
    assert not fitness.is_fit
    fitness.probed(True, 6_000)
    assert (fitness.is_fit, fitness.is_on_trial) == (True, True)
    fitness.works()
    assert (fitness.is_fit, fitness.is_on_trial) == (True, False)


def test_one_that_cannot_be_built_or_fails_on_trial_makes_it_wait_twice_as_long() -> None:
    fitness = unfit()
    assert fitness.begins_probe(5_000)
    fitness.probed(False, 5_000)
    assert (fitness.begins_probe(14_999), fitness.begins_probe(15_000)) == (False, True)
    fitness.probed(True, 15_000)
    fitness.failed("BTC", 15_000)
    assert not fitness.is_fit
    assert (fitness.begins_probe(34_999), fitness.begins_probe(35_000)) == (False, True)


def test_what_comes_to_work_meanwhile_ends_all_doubt() -> None:
    fitness = unfit()
    assert fitness.begins_probe(5_000)
    fitness.works()
    fitness.probed(False, 6_000)
    assert (fitness.is_fit, fitness.is_on_trial) == (True, False)


def test_where_nothing_can_be_hedged_it_gives_up_at_once() -> None:
    fitness = Fitness()
    fitness.give_up(0)
    assert not fitness.is_fit
