"""Forms of notification preferences."""

from civicportal.util.i18n import _
from civicportal.web.schema import Flag, Node, StrictSchema


class ChoicesEntry(StrictSchema):
    """Notifications by SMS."""

    case_notices = Node(
        Flag(),
        title=_("Steps of my cases"),
        description=_("A message whenever something happens to a case of yours."),
        switch=True,
        missing=False,
    )
    reminders = Node(
        Flag(),
        title=_("Reminders and questions"),
        description=_("Appointments, and whether you are satisfied once a case is closed."),
        switch=True,
        missing=False,
    )
    broadcasts = Node(
        Flag(),
        title=_("Announcements of the city"),
        description=_("Only if you want them; you can also stop them by answering the SMS."),
        switch=True,
        missing=False,
    )


class StaffChoicesEntry(ChoicesEntry):
    """Further notifications of staff."""

    digest = Node(
        Flag(),
        title=_("My kartable once a day"),
        description=_("In the morning of a working day, if something is new or overdue."),
        switch=True,
        missing=False,
    )
