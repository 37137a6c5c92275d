"""Jobs of the deliveries to other servers."""

from datetime import timedelta

from civicportal.api.plugins import Job
from civicportal_reports.open311_client import telling
from civicportal_reports.open311_client.delivery import deliver, give_up
from civicportal_reports.open311_client.following import fetch

JOBS = (
    Job(name="reports.remote-deliveries", every=timedelta(seconds=20), run=deliver),
    Job(name="reports.remote-updates", every=timedelta(seconds=30), run=telling.tell),
    Job(name="reports.remote-statuses", every=timedelta(minutes=5), run=fetch, lane="long"),
    Job(name="reports.remote-overdue", every=timedelta(minutes=10), run=give_up),
    Job(name="reports.remote-updates-due", every=timedelta(minutes=10), run=telling.keep_up),
)
