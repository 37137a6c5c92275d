"""The testing kit for core, plugins and sites.

Its fixtures are in ``civicportal.tools.pytest_plugin``.
"""

from civicportal.core.crypto import token_hash as owner_of
from civicportal.core.security import Grant
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.exports.rows import export_rows
from civicportal.domain.kartable.correction import CorrectionService
from civicportal.domain.kartable.jobs import JobService, NewJob
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.notifications.delivery import deliver_once
from civicportal.domain.notifications.transports import memory
from civicportal.domain.statistics.counter_tables import CounterTableService
from civicportal.domain.statistics.metrics import MetricsService
from civicportal.domain.statistics.periods import Span
from civicportal.testing.asking import statements
from civicportal.testing.clock import NOON, FakeClock
from civicportal.testing.environment import Environment
from civicportal.testing.factories import (
    identity,
    make_case,
    make_category,
    make_citizen,
    make_question,
    make_staff,
    make_unit,
    outbox,
)
from civicportal.testing.kinds import PETITIONS
from civicportal.testing.messages import Outbox, mark_alive
from civicportal.testing.people import People
from civicportal.testing.plans import plan
from civicportal.testing.sites import make_site, make_site_file

__all__ = [
    "NOON",
    "PETITIONS",
    "CorrectionService",
    "CounterTableService",
    "Environment",
    "FakeClock",
    "Grant",
    "JobService",
    "MetricsService",
    "NewJob",
    "Outbox",
    "People",
    "SessionService",
    "Span",
    "UndoService",
    "deliver_once",
    "export_rows",
    "identity",
    "kinds_of",
    "make_case",
    "make_category",
    "make_citizen",
    "make_question",
    "make_site",
    "make_site_file",
    "make_staff",
    "make_unit",
    "mark_alive",
    "memory",
    "outbox",
    "owner_of",
    "plan",
    "statements",
]
