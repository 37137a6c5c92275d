"""What the worker does for the privacy of people."""

from datetime import timedelta

from civicportal.jobs import Job
from civicportal.privacy.erasure import erase_deleted

JOBS = (Job(name="core.erasure", every=timedelta(hours=1), run=erase_deleted),)
