"""SMS texts of meetings, with placeholders in braces."""

from civicportal.api.notifications import MessageText
from civicportal_meetings.i18n import _

_WHEN = ("TRACK", "DATE", "TIME")

MESSAGES = (
    MessageText(
        key="meetings.registered",
        title=_("Meeting: request registered"),
        text=_("Your request to meet the mayor is registered.\nTracking code: {TRACK}\nOffice of the mayor"),
    ),
    MessageText(
        key="meetings.in_review",
        title=_("Meeting: request in review"),
        text=_("Request {TRACK} to meet the mayor is being looked at.\nOffice of the mayor"),
    ),
    MessageText(
        key="meetings.scheduled",
        title=_("Meeting: time set"),
        text=_("Your meeting with the mayor: {DATE} at {TIME}\nCode: {TRACK}\nOffice of the mayor"),
        fields=_WHEN,
    ),
    MessageText(
        key="meetings.scheduled_note",
        title=_("Meeting: time set, with a note"),
        text=_("Your meeting with the mayor: {DATE} at {TIME}\n{NOTE}\nCode: {TRACK}\nOffice of the mayor"),
        fields=(*_WHEN, "NOTE"),
        parts=2,
    ),
    MessageText(
        key="meetings.rescheduled",
        title=_("Meeting: time changed"),
        text=_("The time of meeting {TRACK} has changed: {DATE} at {TIME}\nOffice of the mayor"),
        fields=_WHEN,
    ),
    MessageText(
        key="meetings.recalled",
        title=_("Meeting: time taken back"),
        text=_(
            "The time of meeting {TRACK} does not stand any more. You will be told a new one.\nOffice of the mayor"
        ),
    ),
    MessageText(
        key="meetings.reminder",
        title=_("Meeting: reminder the day before"),
        text=_("Reminder: your meeting with the mayor, {DATE} at {TIME}\nOffice of the mayor"),
        fields=_WHEN,
    ),
    MessageText(
        key="meetings.declined",
        title=_("Meeting: not agreed to"),
        text=_(
            "Request {TRACK} for a meeting was not agreed to. The reason stands in the portal.\nOffice of the mayor"
        ),
    ),
    MessageText(
        key="meetings.cancelled",
        title=_("Meeting: cancelled"),
        text=_("Meeting {TRACK} is cancelled.\nOffice of the mayor"),
    ),
    MessageText(
        key="meetings.held",
        title=_("Meeting: result"),
        text=_("The result of meeting {TRACK} stands in the portal.\nOffice of the mayor"),
    ),
    MessageText(
        key="meetings.absent",
        title=_("Meeting: the citizen did not come"),
        text=_(
            "You did not come to meeting {TRACK}. For another time, please ask again.\nOffice of the mayor"
        ),
    ),
    MessageText(
        key="meetings.reopened",
        title=_("Meeting: request open again"),
        text=_("Request {TRACK} for a meeting is open again.\nOffice of the mayor"),
    ),
    MessageText(
        key="meetings.corrected",
        title=_("Meeting: request corrected"),
        text=_(
            "Details of request {TRACK} for a meeting were corrected. See them in the portal.\nOffice of the mayor"
        ),
    ),
    MessageText(
        key="meetings.answered",
        title=_("Meeting: answered"),
        text=_(
            "Request {TRACK} for a meeting was answered. The answer stands in the portal.\nOffice of the mayor"
        ),
    ),
    MessageText(
        key="meetings.status",
        title=_("Meeting: answer to an inbound message"),
        text=_("Meeting {TRACK}: {STATUS}, {DATE}\nOffice of the mayor"),
        fields=("TRACK", "STATUS", "DATE"),
    ),
)
