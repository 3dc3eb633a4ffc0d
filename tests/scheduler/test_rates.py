"""Token buckets: a burst, then a steady rate, for each channel and over all channels of a token."""

from bot.chat import Address
from scheduler.rates import DISCORD, SLACK, Limit, Limits, Rates
from tests.fakes.ledger import Clock

LIMITS = Limits(channel=Limit(1.0, 2), token=Limit(4.0, 3))


def rates(clock: Clock) -> Rates:
    return Rates({"slack": LIMITS}, monotonic=clock.monotonic)


def channel(name: str, workspace: str = "T1", platform: str = "slack") -> Address:
    return Address(platform, name, workspace)


def test_a_channel_takes_a_burst_and_then_one_a_second() -> None:
    clock = Clock()
    buckets = rates(clock)
    assert [buckets.take(channel("C1")) for _ in range(3)] == [0, 0, 1]
    clock.go(0.5)
    assert buckets.take(channel("C1")) == 0.5
    clock.go(0.5)
    assert buckets.take(channel("C1")) == 0
    assert buckets.take(channel("C1")) == 1


def test_a_token_is_limited_over_all_its_channels_and_no_other_is() -> None:
    clock = Clock()
    buckets = Rates({"slack": LIMITS, "discord": LIMITS}, monotonic=clock.monotonic)
    assert [buckets.take(channel(f"C{n}")) for n in range(4)] == [0, 0, 0, 0.25]
    assert buckets.take(channel("C9", "G1", "discord")) == 0
    clock.go(0.25)
    # The refusal took nothing from the channel: it still has its burst.
    assert buckets.take(channel("C3")) == 0


def test_direct_messages_are_destinations_too() -> None:
    buckets = rates(Clock())
    mo, eve = (Address("slack", workspace="T1", person=name) for name in ("U1", "U2"))
    assert [buckets.take(mo), buckets.take(mo), buckets.take(eve)] == [0, 0, 0]


def test_a_platform_without_limits_has_none() -> None:
    buckets = rates(Clock())
    assert {buckets.take(channel("general", "", "web")) for _ in range(1_000)} == {0}


def test_over_a_long_time_the_rate_is_kept() -> None:
    clock = Clock()
    buckets = Rates({"slack": SLACK, "discord": DISCORD}, monotonic=clock.monotonic)
    sent = 0
    for _ in range(6_000):
        sent += buckets.take(channel("C1")) == 0
        clock.go(0.01)
    assert 60 <= sent <= 63


def test_full_buckets_are_forgotten() -> None:
    clock = Clock()
    buckets = Rates({"slack": Limits(Limit(1.0, 3), Limit(1e9, 1e9))}, monotonic=clock.monotonic)
    for n in range(3_000):
        buckets.take(channel(f"C{n}"))
        clock.go(1)
    assert len(buckets._buckets) < 1_100


def test_a_platform_that_asks_for_a_rest_gets_it_whole_limits_or_not() -> None:
    clock = Clock()
    buckets = rates(clock)
    buckets.rest("slack", 30)
    buckets.rest("web", 10)
    buckets.rest("slack", 5)  # a later, shorter wish does not shorten the first
    assert buckets.take(channel("C1")) == 30
    assert buckets.take(channel("general", "", "web")) == 10
    clock.go(30)
    assert [buckets.take(channel("C1")), buckets.take(channel("general", "", "web"))] == [0, 0]
