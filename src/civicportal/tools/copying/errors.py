"""Errors of copying a database."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from civicportal.util.errors import CivicportalError

_REMEDIES = {
    "28": "correct the user and the password in its address",
    "3D": "create it first: CREATE DATABASE civicportal TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'",
    "42501": "use the role that owns the database, or GRANT it the right",
    "55P03": "stop whatever else uses it: the portal, its workers, backups, open consoles",
    "57014": "look why the server cancels statements of this role",
    "53": "look at the space and the limits of the server",
}
"""What to do by SQLSTATE, or by its class."""


_NO_DATABASE = re.compile(r'database ".*" does not exist')


class CopyError(CivicportalError):
    """A database cannot be copied."""


@contextmanager
def explaining(place: str) -> Iterator[None]:
    """Convert database errors to one line of instructions.

    :param place: the database, for people.
    :raises CopyError: for such an error.
    """
    try:
        yield
    except DBAPIError as error:
        raise CopyError(f"{place}: {_first_line(error.orig)}: {_remedy(error.orig)}") from error


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().partition("\n")[0]


def _remedy(error: BaseException | None) -> str:
    state = getattr(error, "sqlstate", None) or ""
    if not state and _NO_DATABASE.search(str(error)):
        # The driver does not say the state of a connection that was refused.
        state = "3D000"
    found = _REMEDIES.get(state) or _REMEDIES.get(state[:2])
    return found or "look whether it answers and its address is right, then run the same command again"
