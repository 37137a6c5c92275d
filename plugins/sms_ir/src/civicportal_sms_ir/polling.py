"""Asking the provider again and again: a trouble is told once, and who refuses us is left alone for a while."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from civicportal.api import Configuration, SendError, Site

log = logging.getLogger(__name__)
REST = timedelta(minutes=5)
"""After a refusal that only people can mend: a wrong key, an account that is switched off."""


@dataclass(frozen=True)
class _Trouble:
    words: str
    #: Nobody asks before; None when it may pass by itself.
    rests_until: datetime | None


class _Troubles(dict[str, _Trouble]):
    """What is asked → the trouble with it. Each worker has its own; all of them ask seldom."""


def rests(site: Site, what: str) -> bool:
    """Return whether the provider has refused this lately.

    :param what: is asked: words for the log.
    """
    trouble = site.memory.of(_Troubles).get(what)
    return trouble is not None and trouble.rests_until is not None and site.clock.now() < trouble.rests_until


@contextmanager
def told_once(site: Site, what: str) -> Iterator[None]:
    """Ask within; a :class:`SendError` ends it, and is logged unless it is the trouble of the last time.

    :param what: is asked: words for the log.
    """
    known = site.memory.of(_Troubles)
    try:
        yield
    except SendError as error:
        before = known.get(what)
        if before is None or before.words != str(error):
            log.warning("%s: %s", what, error)
        # Whoever lets the provider of a demo refuse the key waits for what comes after it.
        refused = isinstance(error, Configuration) and not site.is_demo
        until = site.clock.now() + REST if refused else None
        known[what] = _Trouble(str(error), until)
    else:
        if known.pop(what, None) is not None:
            log.info("%s: the provider answers again", what)
