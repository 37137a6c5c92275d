"""People in tests: created with one call, signed in without a code."""

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
    """Create people and open their sessions.

    :param work: the test's open unit of work, if any: a second one could not write concurrently.
    """

    def __init__(self, site: Site, work: Work | None = None) -> None:
        self._site = site
        self._work = work

    def citizen(self, mobile: str = "+989000000001", **values: object) -> Identity:
        """Create a signed-in citizen with a verified mobile."""
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
        """Create a member of staff, signed in as staff.

        :param role: key of the role, created if missing; "administrator" is the built-in one.
        :param scope: limit of the role: a unit, or its key (created if missing), or a category; None is the
        whole city.
        :param permissions: of a new role; None gives every right of every kind except ``act_any``.
        :param values: columns of the person, for instance ``name`` or ``username``.
        """
        with self._writing() as work:
            unit = _unit(work, scope) if isinstance(scope, str) else scope
            place = {"category": unit} if isinstance(unit, Category) else {"unit": unit}
            return identity(work, make_staff(work, role, permissions=permissions, **place, **values))

    def sign_in(self, person: Person, realm: Literal["citizen", "staff"] | None = None) -> str:
        """Open a session and return its token.

        It is the value of the cookie ``site.cookie_name``.

        :param realm: the realm; by default the one of the identity, or that of the :class:`User`.
        :raises RuntimeError: while the test has a unit of work open: no page sees its changes.
        """
        if self._work:
            raise RuntimeError("pages do not see what the fixture work has written: take site.work() instead")
        with self._writing() as work:
            user = work.session.get_one(User, person.user_id) if isinstance(person, Identity) else person
            if realm is None:
                is_staff = person.is_staff if isinstance(person, Identity) else user.username is not None
                realm = "staff" if is_staff else "citizen"
            return work.get(SessionService).open(realm, user)

    @contextmanager
    def _writing(self) -> Iterator[Work]:
        if self._work:
            yield self._work
            return
        with self._site.work() as work:
            yield work


def _unit(work: Work, key: str) -> Unit:
    return work.session.scalar(select(Unit).where(Unit.key == key)) or make_unit(work, key)
