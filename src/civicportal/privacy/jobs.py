"""What the worker does for the privacy of people."""

from civicportal.jobs import Job
from civicportal.privacy.erasure import erase_deleted

JOBS = (Job(name="core.erasure", at="01:30", run=erase_deleted),)
