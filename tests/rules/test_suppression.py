"""Suppression: what is hidden cannot be worked out from what is shown."""

from collections import defaultdict
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.suppression import partition, whole

Sizes = tuple[int, ...]
Shown = tuple[int | None, ...]


def shown(sizes: Sizes, k: int) -> Shown:
    return tuple(partition(dict(enumerate(sizes)), k).values())


def every_division(total: int, groups: int) -> Iterator[Sizes]:
    if groups == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in every_division(total - first, groups - 1):
            yield (first, *rest)


def test_a_distribution_is_shown_whole_from_the_threshold() -> None:
    assert whole({"yes": 3, "no": 2, "later": 0}, 5) == {"yes": 3, "no": 2, "later": 0}
    assert whole({"yes": 3, "no": 1}, 5) is None
    assert whole({}, 4) is None


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((8, 9), (8, 9)),
        ((4, 9), (None, None)),  # alone, the 4 would be the total less 9
        ((4, 3, 9), (None, None, 9)),
        ((4, 6, 9), (None, None, 9)),  # the next smallest keeps it company
        ((1, 2, 9, 20), (None, None, None, 20)),  # 3 people would be a small remainder
        ((4, 4, 9, 20), (None, None, None, 20)),  # both hidden, 8 together: each would be 4
        ((3, 5, 5, 9), (None, None, None, 9)),  # which of the two fives is hidden would tell
        ((0, 12), (None, None)),
        ((12,), (12,)),
        ((), ()),
    ],
)
def test_small_groups_and_their_company_are_hidden(sizes: Sizes, expected: Shown) -> None:
    assert shown(sizes, 5) == expected


@pytest.mark.parametrize("k", [4, 5])
@pytest.mark.parametrize("groups", [2, 3])
def test_no_hidden_group_can_be_worked_out_even_by_someone_who_knows_the_rule(k: int, groups: int) -> None:
    """Exhaustively: whatever is shown, each hidden size could be at least two things."""
    for total in range(k, 4 * k):
        behind: dict[Shown, list[Sizes]] = defaultdict(list)
        for sizes in every_division(total, groups):
            behind[shown(sizes, k)].append(sizes)
        for view, possible in behind.items():
            for place, size in enumerate(view):
                if size is None:
                    assert len({sizes[place] for sizes in possible}) > 1, (view, possible)


@given(st.lists(st.integers(0, 40), min_size=2, max_size=8), st.integers(4, 12))
def test_what_is_shown_and_its_remainder_reach_the_threshold(sizes: list[int], k: int) -> None:
    view = shown(tuple(sizes), k)
    total = sum(sizes)
    for size, seen in zip(sizes, view, strict=True):
        assert seen in (size, None)
        if seen is not None:
            assert seen >= k
            assert total - seen >= k
    hidden = [size for size, seen in zip(sizes, view, strict=True) if seen is None]
    assert not hidden or len(hidden) > 1


@given(st.lists(st.integers(0, 40), min_size=2, max_size=8), st.integers(4, 12), st.randoms())
def test_the_order_of_groups_tells_nothing(sizes: list[int], k: int, random: Random) -> None:
    names = list(range(len(sizes)))
    random.shuffle(names)
    mixed = {name: sizes[name] for name in names}
    assert partition(mixed, k) == partition(dict(enumerate(sizes)), k)
