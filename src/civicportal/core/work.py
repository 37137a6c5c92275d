"""The unit of work: transaction, actor, clock, services."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import transaction
import zope.sqlalchemy
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from civicportal.core.counters import Counters
from civicportal.core.leases import current_fence
from civicportal.core.reference import ReferenceSession
from civicportal.core.security import Identity
from civicportal.util.errors import ReadOnlyWork

if TYPE_CHECKING:
    from civicportal.core.clock import Clock
    from civicportal.core.db import Engines
    from civicportal.core.site import Site

ServiceT = TypeVar("ServiceT")
Value = TypeVar("Value")

_PATIENCE = text(
    "SELECT set_config('statement_timeout', :milliseconds, true), "
    "set_config('max_parallel_workers_per_gather', :helpers, true), "
    # Cursors are read to their end, so plan for total time, not for the first rows.
    "set_config('cursor_tuple_fraction', '1', true)"
)
HELPERS = 2
"""Parallel workers of PostgreSQL for one statement with a longer timeout."""
MOST_CHANGES = 20
"""More consecutive changes than this are a loop."""


class Work:
    """One short transaction. Services take it as their only argument.

    :ivar session: the SQLAlchemy session; its transaction begins with the first statement.
    :ivar actor: the acting identity.
    :ivar writing: whether this unit of work may write.
    :ivar locale: language in which names of units and categories are read; that of the site by default.
    :ivar counters: numbers that are added to rows of counters before the commit.
    :param patience: statement timeout in seconds, for work that no page waits for; SQLite sets no limit.
    """

    def __init__(
        self, site: "Site", manager: Any, *, actor: Identity, write: bool, patience: int = 0, locale: str = ""
    ) -> None:
        self.site = site
        self.actor = actor
        self.writing = write
        self.locale = locale or site.locale
        self.session = ReferenceSession(bind=_engine(site.engines, write, patience), expire_on_commit=False)
        self.session.keeper, self.session.clock = site.reference, site.clock
        if manager is not None:
            # "changed": plain SQL statements are committed too, not only what the ORM wrote.
            zope.sqlalchemy.register(
                self.session, transaction_manager=manager, initial_state="changed" if write else "active"
            )
        self._services: dict[type[Any], Any] = {}
        self._memos: list[dict[Any, Any]] = []
        self.counters = Counters()
        self._changes: deque[object] = deque()
        self._relayed = 0
        self._relaying = False
        if write:
            manager.get().addBeforeCommitHook(self._close)
        if patience and site.engines.dialect == "postgresql":
            patient = {"milliseconds": str(patience * 1000), "helpers": str(HELPERS)}
            self.session.execute(_PATIENCE, patient)

    @property
    def clock(self) -> "Clock":
        """Return the site's clock."""
        return self.site.clock

    def get(self, service: type[ServiceT]) -> ServiceT:
        """Return the service of this class, built once per unit of work."""
        service = self.site.implementations.get(service, service)
        if service not in self._services:
            self._services[service] = service(self)
        return self._services[service]

    def memo(self) -> dict[Any, Any]:
        """Return a dictionary in which a service caches rows.

        It is cleared when a savepoint is rolled back, so that it has no rows that were rolled back.
        """
        remembered: dict[Any, Any] = {}
        self._memos.append(remembered)
        return remembered

    def reference(self, name: str, load: Callable[[Session], Value]) -> Value:
        """Return reference data, cached until it changes."""
        return self.site.reference.get(self, name, load)

    @property
    def reference_changed_at(self) -> datetime | None:
        """Return when reference data, such as categories, was changed last; None if that is not known."""
        return self.site.reference.changed_at(self)

    def relay(self, change: object) -> None:
        """Call ``case_changed`` with a change.

        Changes made by implementations are queued until all were called.

        :raises RuntimeError: when a change causes changes without end.
        """
        self._changes.append(change)
        if self._relaying:
            return
        self._relaying = True
        try:
            while self._changes:
                self._relayed += 1
                if self._relayed > MOST_CHANGES:
                    raise RuntimeError(f"more than {MOST_CHANGES} changes of cases follow from one")
                self.site.hooks.hook.case_changed(change=self._changes.popleft(), work=self)
        finally:
            self._changes.clear()
            self._relayed = 0
            self._relaying = False

    def publish(self, event: str, *, subject: str, data: Mapping[str, object]) -> None:
        """Queue an event for other software that has ordered it; it is sent after the commit.

        Events of cases are published by the core.

        :param event: a name that a plugin returned from ``register_events``.
        :param subject: what it is about, for instance the path of a page.
        :param data: small JSON values without personal data.
        :raises ValueError: for a name that is not registered.
        """
        self.get(EventPublisher).publish(event, subject=subject, data=data)

    @contextmanager
    def acting_as(self, actor: Identity) -> Iterator[None]:
        """Temporarily switch the actor.

        It is an anonymous one if the sender stays unknown.
        """
        before, self.actor = self.actor, actor
        # Services cache what this person may see.
        services, self._services = self._services, {}
        try:
            yield
        finally:
            self.actor, self._services = before, services

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Run a block in a savepoint: an exception restores rows and counters."""
        counters = Counters(self.counters)
        try:
            with self.session.begin_nested():
                yield
        except BaseException:
            self.counters = counters
            for remembered in self._memos:
                remembered.clear()
            raise

    def _close(self) -> None:
        self.session.flush()
        if self.session.touches_reference:
            self.site.reference.change(self.session)
        self.counters.write(self.site.engines, self.session)


class Service:
    """Base class of services.

    ``work.get(CaseService)`` returns the one instance of a unit of work. Services know no request.

    :ivar work: the unit of work.
    :ivar session: its SQLAlchemy session.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self.session = work.session


class EventPublisher(Service):
    """Queues events for other software; the core's plugin registers the implementation."""

    def publish(self, event: str, *, subject: str, data: Mapping[str, object]) -> None:
        """See :meth:`Work.publish`."""
        raise NotImplementedError


def refuse_changes(work: Work) -> None:
    """Refuse unflushed changes in a read-only unit of work.

    :raises ReadOnlyWork: for a new, changed or deleted object, which would otherwise be lost silently.
    """
    session = work.session
    changed = [*session.new, *session.deleted, *filter(session.is_modified, session.dirty)]
    if changed:
        raise ReadOnlyWork(f"a reading unit of work ends with changes of {type(changed[0]).__name__}")


def _engine(engines: "Engines", write: bool, patience: int) -> Engine:
    """Return the engine of a unit of work.

    A statement timeout needs a transaction.
    """
    if write:
        return engines.write
    return engines.steady if patience else engines.read


@contextmanager
def unit_of_work(
    site: "Site",
    *,
    actor: Identity = Identity.SYSTEM,
    write: bool = True,
    patience: int = 0,
    locale: str = "",
) -> Iterator[Work]:
    """Open a unit of work outside a request.

    It commits at the end, and rolls back on an exception.

    A read-only one has nothing to commit and needs no transaction manager.

    :param patience: statement timeout in seconds, if more than that of a page.
    :param locale: language of names, that of the site by default.
    :raises LeaseLost: in a job whose lease another worker has taken over.
    """
    fence = current_fence()
    if fence:
        fence.refuse_lost()
    if not write:
        reading = Work(site, None, actor=actor, write=False, patience=patience, locale=locale)
        with closing(reading.session):
            yield reading
            refuse_changes(reading)
        return
    manager = transaction.TransactionManager(explicit=True)
    manager.begin()
    work = Work(site, manager, actor=actor, write=write, patience=patience, locale=locale)
    if fence:
        manager.get().addBeforeCommitHook(fence.check, (work.session,))
    try:
        yield work
    except BaseException:
        manager.abort()
        raise
    else:
        manager.commit()
    finally:
        work.session.close()
