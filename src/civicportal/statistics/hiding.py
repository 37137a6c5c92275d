"""Small numbers are told to nobody: not by themselves, and not as what is left when the others are taken from a total."""

from collections.abc import Sequence

FEWEST = 5
"""Cases, or ratings, that are counted in public; fewer could point at somebody."""


def is_small(number: int) -> bool:
    """Return whether a number is hidden; none at all is told."""
    return 0 < number < FEWEST


def hide_small(parts: Sequence[int]) -> list[int | None]:
    """Return the parts of a total that everybody may know, None for the hidden ones.

    Where small parts are hidden so are the smallest others, until what is hidden together is no small number either and
    does not lie in one part alone.
    """
    order = sorted((number, index) for index, number in enumerate(parts) if number)
    hidden = {index for number, index in order if is_small(number)}
    for _number, index in order:
        if not hidden or (len(hidden) > 1 and sum(parts[one] for one in hidden) >= FEWEST):
            break
        hidden.add(index)
    return [None if index in hidden else number for index, number in enumerate(parts)]


def told_together(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Cut numbers that follow each other into the shortest runs of which none is a small number in all.

    What is cut stays so whatever follows, and what is left at the end is not told yet. So whoever takes the runs of today and
    of later from each other knows nothing of what lies inside one.

    :returns: the places of the first and the last number of each run.
    """
    found, begun, held = [], 0, 0
    for place, number in enumerate(numbers):
        held += number
        if not is_small(held):
            found.append((begun, place))
            begun, held = place + 1, 0
    return found


def share(part: int, whole: int) -> int | None:
    """Return a share in whole percent, or None where part or rest would be a small number."""
    if whole < FEWEST or is_small(part) or is_small(whole - part):
        return None
    return round(100 * part / whole)
