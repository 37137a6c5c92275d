"""When the garbage collector of a process looks for objects that hold each other and that nobody else holds.

Nearly all that is made for a request hangs together in such circles. A look in the midst of one finds it all in use, and
hands it on to the older generations, where it stays long after the answer.
"""

import gc
import linecache

from civicportal.core.serving.heap import give_back

SELDOM = (3_000, 10, 10)
"""New objects between two looks, looks before one at older objects, and these before one at all. By the 700 that are usual
a fifth of a start, and a tenth of a page, goes into looks in vain."""
SERVING = (10_000, 5, 10)
"""The same for a server, which looks between requests: within one only for a long list, or where many are answered at a time."""
LEFT = 1_000
"""Fewer objects than a request may leave are not worth a look."""
MIDDLE, WHOLE = 20, 10
"""Looks between requests before one at older objects, and these before one at all: what is in nobody's hand does not grow old."""


def collect_seldom() -> None:
    """Let the collector of this process wait until there may be something for it; who has said more keeps that."""
    _wait_for(SELDOM)


def collect_between_requests() -> None:
    """Let it wait for :func:`collect_after_request`, which a server calls; who has said more keeps that."""
    _wait_for(SERVING)


def leave_what_is_there() -> None:
    """Let the collector never look at what is there now: it stays, and processes that are forked share it untouched."""
    # Sources that Pyramid has read to say where each view was configured: nearly a megabyte.
    linecache.clearcache()
    gc.collect()
    gc.freeze()
    give_back()


def collect_after_request() -> None:
    """Look for what the answered request has left; to be called while no other one is in hand."""
    young, looks, looks_at_older = gc.get_count()
    if young < LEFT or not gc.isenabled():
        return
    if looks < MIDDLE:
        gc.collect(0)
        return
    gc.collect(1 if looks_at_older < WHOLE else 2)
    # What a long page took for a moment would stay: 3 MB of a process.
    give_back()


def _wait_for(numbers: tuple[int, int, int]) -> None:
    if gc.isenabled() and 0 < gc.get_threshold()[0] < numbers[0]:
        gc.set_threshold(*numbers)
