"""Every table of the core, imported once so that the metadata is whole."""

from civicportal.accounts import models as accounts
from civicportal.administration import models as administration
from civicportal.audit import models as audit
from civicportal.backup import models as backup
from civicportal.cases import models as cases
from civicportal.cases import search_models
from civicportal.db import Base
from civicportal.exports import models as exports
from civicportal.face import models as face
from civicportal.jobs import JobRun
from civicportal.kartable import models as kartable
from civicportal.limits import LimitHit
from civicportal.notifications import models as notifications
from civicportal.organization import models as organization
from civicportal.ownership import models as ownership
from civicportal.reference import ReferenceStamp
from civicportal.statistics import models as statistics
from civicportal.worker.heartbeat import WorkerProcess

__all__ = [
    "Base",
    "JobRun",
    "LimitHit",
    "ReferenceStamp",
    "WorkerProcess",
    "accounts",
    "administration",
    "audit",
    "backup",
    "cases",
    "exports",
    "face",
    "kartable",
    "notifications",
    "organization",
    "ownership",
    "search_models",
    "statistics",
]
