"""The people of a test: made with one call, signed in without a code."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from sqlalchemy import select

from civicportal.core.security import Identity
from civicportal.core.site import Site
from civicportal.core.work import Work
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.organization.models import Category, Unit
from civicportal.testing.factories import identity, make_citizen, make_staff, make_unit

Person = Identity | User


class People:
    """Makes people and opens their sessions.

    :param work: the unit of work that the test has open, if any: a second one could not write beside it.
    """

    def __init__(self, site: Site, work: Work | None = None) -> None:
        self._site = site
        self._work = work

    def citizen(self, mobile: str = "+989000000001", **values: Any) -> Identity:
        """Make a citizen who has proved this mobile (E.164) and came in by the citizens' door."""
        with self._writing() as work:
            return identity(work, make_citizen(work, mobile, **values), "citizen")

    def staff(
        self,
        role: str = "handler",
        scope: Unit | Category | str | None = None,
        *,
        permissions: Sequence[str] | None = None,
        **values: Any,
    ) -> Identity:
        """Make a member of staff who came in by the staff door.

        :param role: key of the role, made if there is none; "administrator" is the built-in one.
        :param scope: what the role is held for: a unit, or its key (made if there is none), or a category; None is the
            whole city.
        :param permissions: of a role that is made; None gives every right of every kind but acting everywhere.
        :param values: columns of the person, for instance ``name`` or ``username``.
        """
        with self._writing() as work:
            unit = _unit(work, scope) if isinstance(scope, str) else scope
            place = {"category": unit} if isinstance(unit, Category) else {"unit": unit}
            return identity(work, make_staff(work, role, permissions=permissions, **place, **values))

    def sign_in(self, person: Person, door: Literal["citizen", "staff"] | None = None) -> str:
        """Open a session of somebody and return its token, which the cookie ``site.cookie_name`` holds.

        :param door: the one the person came in by, or of a :class:`User` the one that is theirs, if None.
        :raises RuntimeError: while the test has a unit of work open: no page sees what that has written.
        """
        if self._work:
            raise RuntimeError("pages do not see what the fixture work has written: take site.work() instead")
        with self._writing() as work:
            user = work.session.get_one(User, person.user_id) if isinstance(person, Identity) else person
            if door is None:
                is_staff = person.is_staff if isinstance(person, Identity) else user.username is not None
                door = "staff" if is_staff else "citizen"
            return work.get(SessionService).open(door, user)

    @contextmanager
    def _writing(self) -> Iterator[Work]:
        if self._work:
            yield self._work
            return
        with self._site.work() as work:
            yield work


def _unit(work: Work, key: str) -> Unit:
    return work.session.scalar(select(Unit).where(Unit.key == key)) or make_unit(work, key)
