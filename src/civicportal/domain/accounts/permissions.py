"""Rights of the core's pages."""

from civicportal.core.security import Permission
from civicportal.util.i18n import _

LEAD = "core:unit:lead"
"""Makes its holder in a unit the head of that unit; see :func:`civicportal.domain.accounts.identity.head_of`."""
UNATTENDED = "core:unattended:manage"
"""Allows to see the list of unattended cases, and to refer them."""
LEAD_VERBS = ("view", "work", "refer", "comment")
"""Verbs of a unit's head for each case of the unit and its subunits, of every kind and category."""

CORE_PERMISSIONS: tuple[Permission, ...] = (
    Permission(name="core:member:manage", title=_("Manage members"), scope="unit"),
    Permission(name="core:role:manage", title=_("Manage roles")),
    Permission(name="core:unit:manage", title=_("Manage units")),
    Permission(
        name=LEAD,
        title=_("Lead the unit: see and work on all its cases, get what is past its deadline"),
        scope="case",
    ),
    Permission(name=UNATTENDED, title=_("See unattended cases and pass them on")),
    Permission(name="core:category:manage", title=_("Manage categories")),
    Permission(name="core:routing:manage", title=_("Manage routing rules")),
    Permission(name="core:automation:manage", title=_("Manage automations")),
    Permission(name="core:calendar:manage", title=_("Manage the working calendar")),
    Permission(name="core:setting:manage", title=_("Manage settings")),
    Permission(name="core:text:manage", title=_("Manage ready texts")),
    Permission(name="core:help:manage", title=_("Manage frequent questions")),
    Permission(name="core:message:view", title=_("See messages and their fate")),
    Permission(name="core:client:manage", title=_("Give programs access of their own")),
    Permission(name="core:webhook:manage", title=_("Manage webhooks")),
    Permission(name="core:import:manage", title=_("Import cases of an earlier system")),
    Permission(name="core:audit:view", title=_("See the audit trail")),
    Permission(name="core:plugin:view", title=_("See the plugins")),
)
