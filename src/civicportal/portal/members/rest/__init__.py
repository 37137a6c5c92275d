"""Members, their roles and deputies, and invitations in the API."""

from civicportal.portal.members.rest import deputies, invitations, members, roles

OPERATIONS = (*members.OPERATIONS, *roles.OPERATIONS, *invitations.OPERATIONS, *deputies.OPERATIONS)
