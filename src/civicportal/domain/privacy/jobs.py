"""Jobs of privacy."""

from civicportal.core.jobs import Job
from civicportal.domain.privacy.erasure import erase_deleted

JOBS = (Job(name="core.erasure", at="01:30", run=erase_deleted),)
