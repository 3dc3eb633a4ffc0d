"""What may be shown of anonymous answers: the one module every such count goes through before it is seen.

The rules are those of SPEC.md 6 and DOMAIN.md 2.7: nothing below the threshold `k`, and nothing from
which something below it follows.
"""

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def whole(counts: Mapping[T, int], k: int) -> Mapping[T, int] | None:
    """Return the answers of a whole community to one question, or None when fewer than `k` answered.

    Not for parts of a community: see `partition`.
    """
    return dict(counts) if sum(counts.values()) >= k else None


def partition(sizes: Mapping[T, int], k: int) -> Mapping[T, int | None]:
    """Return the sizes of the groups that people are divided into, None for those to hide.

    A group under `k` is hidden; so are the next smallest, all of one size together, until the hidden
    ones cannot be worked out by someone who knows the total, the sizes shown and this very rule:

    - a single hidden group would be the total less the others;
    - fewer than `k` people in all of them would be a small remainder;
    - when each is as large as a group under `k` can be, k - 1, their sum would tell.

    Those who may see the result may know the total, so do not show a total under `k` either.
    """
    hidden = {name for name, size in sizes.items() if size < k}
    while hidden and len(hidden) < len(sizes):
        parts = [sizes[name] for name in hidden]
        if len(parts) > 1 and sum(parts) >= k and any(part != k - 1 for part in parts):
            break
        smallest = min(size for name, size in sizes.items() if name not in hidden)
        hidden |= {name for name, size in sizes.items() if size == smallest}
    return {name: None if name in hidden else size for name, size in sizes.items()}
