"""What takes long to read at a city's size, remembered as long as the counters say the same of its cases.

Medians, numbers of people, days and units are functions of the very cases that the counters have counted a moment ago.
While these say the same, so do they; a minute is the end of it all the same.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from civicportal.site import Site

Rows = TypeVar("Rows")

WORTHWHILE = 1000
"""Fewer cases than this are counted each time."""
SPAN = timedelta(minutes=1)
MOST = 64
"""Answers that a process keeps, a dozen views: of a large city they hold 70 KB each, so that 200 were 9 MB more."""

_guard = threading.Lock()
_kept: "WeakKeyDictionary[Site, OrderedDict[Hashable, tuple[Hashable, datetime, Any]]]" = WeakKeyDictionary()


def remembered(site: "Site", key: Hashable, stamp: Hashable, number: int, read: Callable[[], Rows]) -> Rows:
    """Return what was read for a key while the stamp was the same, else read it.

    :param stamp: what the counters say of the cases.
    :param number: of these cases.
    """
    if number < WORTHWHILE:
        return read()
    now = site.clock.now()
    with _guard:
        answers = _kept.setdefault(site, OrderedDict())
        before = answers.get(key)
    if before and before[0] == stamp and now - before[1] < SPAN:
        rows: Rows = before[2]
        return rows
    rows = read()
    with _guard:
        answers[key] = (stamp, now, rows)
        answers.move_to_end(key)
        while len(answers) > MOST:
            answers.popitem(last=False)
    return rows
