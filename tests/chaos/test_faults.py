"""Every kind comes as often as the others, however the seed falls, and those without effect come again."""

import random
from collections import Counter

from hedge_strategy.simulator.faults import KINDS as VENUE_KINDS
from tests.chaos.faults import DANGEROUS, KINDS, Deck

OF_PROCESSES_AND_REDIS = 9


def test_kinds_are_dealt_evenly() -> None:
    for seed in range(20):
        deck, dealt = Deck(tuple(KINDS), random.Random(seed)), Counter[str]()
        for _ in range(50):
            for kind in deck.deal(3):
                deck.counts[kind] += 1
                dealt[kind] += 1
        assert set(dealt) == set(KINDS)
        assert min(dealt.values()) >= 5


def test_a_kind_that_had_no_effect_is_dealt_again_first() -> None:
    deck = Deck(("a", "b", "c"), random.Random(1), Counter(a=1, b=0, c=1))
    assert deck.deal(1) == ["b"]


def test_kinds_are_known_to_the_exchange() -> None:
    assert set(DANGEROUS) <= set(KINDS)
    assert len(set(KINDS) - set(VENUE_KINDS)) == OF_PROCESSES_AND_REDIS
