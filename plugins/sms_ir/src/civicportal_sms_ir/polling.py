"""Error handling of polling jobs.

A repeated error is logged once, and refusals cause a pause.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from civicportal.api.notifications import GatewayMisconfigured, SendError
from civicportal.api.plugins import Site

log = logging.getLogger(__name__)
REST = timedelta(minutes=5)
"""Pause after a refusal that needs a person: a wrong key, a disabled account."""


@dataclass(frozen=True)
class _Trouble:
    words: str
    #: No requests before this time; None for a temporary error.
    rests_until: datetime | None


class _Troubles(dict[str, _Trouble]):
    """Last error by purpose. Each worker has its own."""


def is_backing_off(site: Site, what: str) -> bool:
    """Return whether the provider has refused this recently.

    :param what: purpose, for the log.
    """
    trouble = site.cache.of(_Troubles).get(what)
    return trouble is not None and trouble.rests_until is not None and site.clock.now() < trouble.rests_until


@contextmanager
def log_new_error(site: Site, what: str) -> Iterator[None]:
    """Catch a :class:`SendError`, and log it unless it is the same as last time.

    :param what: purpose, for the log.
    """
    known = site.cache.of(_Troubles)
    try:
        yield
    except SendError as error:
        before = known.get(what)
        if before is None or before.words != str(error):
            log.warning("%s: %s", what, error)
        # Users who make a demo's provider refuse the key wait for the next state.
        refused = isinstance(error, GatewayMisconfigured) and not site.is_demo
        until = site.clock.now() + REST if refused else None
        known[what] = _Trouble(str(error), until)
    else:
        if known.pop(what, None) is not None:
            log.info("%s: the provider answers again", what)
