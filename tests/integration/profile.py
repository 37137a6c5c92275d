"""What the tests of one's own profile have in common."""

from civicportal.accounts.models import User
from civicportal.audit.models import AuditEvent
from civicportal.notifications.services import NotificationService
from civicportal.testing import outbox

MOBILE, OTHER = "+989000000001", "+989000000002"


def form_with(page, field):
    return next(form for form in page.forms.values() if field in form.fields)


def send(page, status=None, **values):
    form = form_with(page, next(iter(values)))
    for name, value in values.items():
        form[name] = value
    return form.submit(status=status)


def code_of(site, mobile=MOBILE):
    with site.work(write=False) as work:
        return str(work.get(NotificationService).fields_of(outbox(work, mobile)[-1])["CODE"])


def kinds_of(site, mobile=MOBILE):
    with site.work(write=False) as work:
        return [message.kind for message in outbox(work, mobile)]


def events(site):
    with site.work(write=False) as work:
        return [event.action for event in work.session.query(AuditEvent).order_by(AuditEvent.id)]


def fresh(site, user):
    with site.work(write=False) as work:
        return work.session.get(User, user.id)
