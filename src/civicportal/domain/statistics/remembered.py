"""Cache of expensive figures.

Medians, numbers of people, days and units are functions of the cases that the counters have just counted.
While the counters are unchanged, so are these; entries expire after a minute anyway.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from civicportal.util.queries import Record

if TYPE_CHECKING:
    from civicportal.core.site import Site

WORTHWHILE = 1000
"""Fewer cases than this are counted each time."""
SPAN = timedelta(minutes=1)
MOST = 64
"""Maximum entries per process, a dozen views: of a large city 6 MB."""


class _Answers(OrderedDict[Hashable, tuple[Hashable, datetime, Sequence[Record]]]):
    def __init__(self) -> None:
        super().__init__()
        self.guard = threading.Lock()


def remembered(
    site: "Site", key: Hashable, stamp: Hashable, number: int, read: Callable[[], Sequence[Record]]
) -> Sequence[Record]:
    """Return cached rows for a key, else read them.

    They are valid while the stamp is unchanged.

    :param stamp: the result of the counters.
    :param number: of these cases.
    """
    if number < WORTHWHILE:
        return read()
    now = site.clock.now()
    answers = site.cache.of(_Answers)
    with answers.guard:
        before = answers.get(key)
    if before and before[0] == stamp and now - before[1] < SPAN:
        return before[2]
    rows = tuple(tuple(row) for row in read())
    with answers.guard:
        answers[key] = (stamp, now, rows)
        answers.move_to_end(key)
        while len(answers) > MOST:
            answers.popitem(last=False)
    return rows
