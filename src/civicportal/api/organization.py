"""Units and categories of the city."""

from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.organization.services import OrganizationService

__all__ = ["Category", "OrganizationService", "Unit"]
