"""How often the garbage collector of a process looks for objects that hold each other and that nobody else holds."""

import gc

SELDOM = 3_000
"""New objects between two looks. By the 700 that are usual a fifth of a start, and a tenth of a page, goes into looks in vain; with
10,000 a process of a large city holds 5 MB more, with these 2."""


def collect_seldom() -> None:
    """Let the collector of this process wait until there may be something for it; who has said more keeps that."""
    if gc.isenabled() and 0 < gc.get_threshold()[0] < SELDOM:
        gc.set_threshold(SELDOM)
