"""Common parts of the tests of the profile pages."""

from civicportal.domain.accounts.models import User
from civicportal.domain.audit.models import AuditEvent
from civicportal.testing import outbox

MOBILE, OTHER = "+989000000001", "+989000000002"


def kinds_of(site, mobile=MOBILE):
    with site.work(write=False) as work:
        return [message.kind for message in outbox(work, mobile)]


def events(site):
    with site.work(write=False) as work:
        return [event.action for event in work.session.query(AuditEvent).order_by(AuditEvent.id)]


def fresh(site, user):
    with site.work(write=False) as work:
        return work.session.get(User, user.id)
