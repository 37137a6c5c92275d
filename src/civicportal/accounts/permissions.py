"""The rights of the core's own pages; those of cases come with their kinds, others with their plugins."""

from civicportal.i18n import _
from civicportal.security import Permission

CORE_PERMISSIONS: tuple[Permission, ...] = (
    Permission(name="core:member:manage", title=_("Manage members"), scope="unit"),
    Permission(name="core:role:manage", title=_("Manage roles")),
    Permission(name="core:unit:manage", title=_("Manage units")),
    Permission(name="core:unit:lead", title=_("Lead the unit: get what is past its deadline"), scope="case"),
    Permission(name="core:category:manage", title=_("Manage categories")),
    Permission(name="core:routing:manage", title=_("Manage routing rules")),
    Permission(name="core:calendar:manage", title=_("Manage the working calendar")),
    Permission(name="core:setting:manage", title=_("Manage settings")),
    Permission(name="core:text:manage", title=_("Manage ready texts")),
    Permission(name="core:message:view", title=_("See messages and their fate")),
    Permission(name="core:audit:view", title=_("See the audit trail")),
    Permission(name="core:plugin:view", title=_("See the plugins")),
)
