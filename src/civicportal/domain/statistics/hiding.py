"""Suppression of small numbers in public statistics, including those computable from a total."""

from collections.abc import Sequence

FEWEST = 5
"""Minimum cases, or ratings, that are published; fewer could identify a person."""


def is_small(number: int) -> bool:
    """Return whether a number is hidden; zero is shown."""
    return 0 < number < FEWEST


def hide_small(parts: Sequence[int]) -> list[int | None]:
    """Return the parts of a total, None for hidden ones.

    Where small parts are hidden so are the next smallest, until the hidden ones together are not a small number and
    are more than one part.
    """
    order = sorted((number, index) for index, number in enumerate(parts) if number)
    hidden = {index for number, index in order if is_small(number)}
    for _number, index in order:
        if not hidden or (len(hidden) > 1 and sum(parts[one] for one in hidden) >= FEWEST):
            break
        hidden.add(index)
    return [None if index in hidden else number for index, number in enumerate(parts)]


def merge_small_runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Combine consecutive numbers into runs without small sums.

    Runs do not change when numbers are appended, and an incomplete run at the end is not published. So the difference
    of today's and later publications reveals nothing within a run.

    :returns: the positions of the first and the last number of each run.
    """
    found, begun, held = [], 0, 0
    for place, number in enumerate(numbers):
        held += number
        if not is_small(held):
            found.append((begun, place))
            begun, held = place + 1, 0
    return found


def share(part: int, whole: int) -> int | None:
    """Return a share in whole percent.

    It is None if part or rest is a small number.
    """
    if whole < FEWEST or is_small(part) or is_small(whole - part):
        return None
    return round(100 * part / whole)
