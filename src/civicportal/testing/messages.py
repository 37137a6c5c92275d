"""The outbox in tests: queued messages, and their delivery."""

from collections.abc import Sequence

from civicportal.core.messages import Lane, Message
from civicportal.core.site import Site
from civicportal.core.work import Work
from civicportal.domain.notifications.delivery import deliver_once
from civicportal.domain.notifications.gate import SendingGateService
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.notifications.services import NotificationService
from civicportal.domain.notifications.transports import memory
from civicportal.testing.factories import outbox
from civicportal.testing.people import Person


def mark_alive(site: Site) -> None:
    """Record a heartbeat of a worker at the clock's time."""
    with site.work() as work:
        work.get(SendingGateService).seen()


class Outbox:
    """The messages of a site.

    :param work: the test's open unit of work, if any, whose messages others do not see yet.
    """

    def __init__(self, site: Site, work: Work | None = None) -> None:
        self._site = site
        self._work = work

    def __call__(self, to: Person | str | None = None) -> list[OutboxMessage]:
        """Return the queued messages, oldest first.

        :param to: only those to this person, or to this number (E.164).
        """
        recipient = to if isinstance(to, str | None) else to.mobile
        if self._work:
            return outbox(self._work, recipient)
        with self._site.work(write=False) as work:
            return outbox(work, recipient)

    def queue(
        self, to: Person | str, kind: str = "petitions.registered", *, lane: Lane = "notices", **fields: str
    ) -> None:
        """Queue a message that is due at once.

        :param to: the recipient, or a number (E.164).
        :param kind: key of a text of the site; every test site has the text of registered petitions.
        :param fields: of the text; TRACK by default.
        :raises KeyError: when there is no such text.
        """
        number = to if isinstance(to, str) else to.mobile
        fields = fields or {"TRACK": "4059031274"}
        with self._site.work() as work:
            service = work.get(NotificationService)
            if not service.send(kind, recipient=number or "", fields=fields, lane=lane, at_once=True):
                raise KeyError(kind)

    def deliver(self, lane: Lane = "notices") -> int:
        """Send the due messages; return the number of steps.

        A notification is held for half a minute, in which its transition can be undone: ``clock.advance(minutes=1)``.
        """
        mark_alive(self._site)
        steps = 0
        while deliver_once(self._site, lane):
            steps += 1
        return steps

    @property
    def sent(self) -> Sequence[Message]:
        """Return the messages sent by the transport "memory"."""
        return memory(self._site).sent
