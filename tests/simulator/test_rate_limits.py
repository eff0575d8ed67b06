from hedge_strategy.simulator.rate_limits import MINUTE_NS, PREMIUM_WEIGHT, STANDARD_REQUESTS, RateLimits


def test_standard_has_60_requests_in_any_minute() -> None:
    limits = RateLimits()
    assert all(limits.allows("0xa", "standard", "trades", n) for n in range(STANDARD_REQUESTS))
    assert not limits.allows("0xa", "standard", "sendTx", 100)
    assert limits.allows("0xb", "standard", "sendTx", 100)
    assert limits.allows("0xa", "standard", "sendTx", MINUTE_NS)
    assert not limits.allows("0xa", "standard", "sendTx", MINUTE_NS)


def test_premium_pays_by_weight() -> None:
    limits = RateLimits()
    allowed = sum(limits.allows("0xa", "premium", "trades", 0) for _ in range(100))
    assert allowed == PREMIUM_WEIGHT // 600
    limits = RateLimits()
    assert sum(limits.allows("0xa", "premium", "sendTx", 0) for _ in range(4_100)) == PREMIUM_WEIGHT // 6
