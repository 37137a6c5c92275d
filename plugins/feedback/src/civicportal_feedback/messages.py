"""SMS texts of feedback, with placeholders in braces. Anonymous senders get none."""

from civicportal.api.notifications import MessageText
from civicportal_feedback.i18n import _

_SITE = ("TRACK", "SITE")

MESSAGES = (
    MessageText(
        key="feedback.registered",
        title=_("Message registered"),
        text=_("Your message is registered.\nTracking code: {TRACK}\nPublic relations of {SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="feedback.in_review",
        title=_("Message being looked at"),
        text=_("Message {TRACK} is being looked at.\nPublic relations of {SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="feedback.referred",
        title=_("Message referred"),
        text=_("Message {TRACK} was referred to {UNIT}.\n{SITE}"),
        fields=("TRACK", "UNIT", "SITE"),
    ),
    MessageText(
        key="feedback.corrected",
        title=_("Message corrected"),
        text=_(
            "Details of message {TRACK} were corrected. See them in the portal.\nPublic relations of {SITE}"
        ),
        fields=_SITE,
    ),
    MessageText(
        key="feedback.answered",
        title=_("Message answered"),
        text=_("Message {TRACK} was answered. The answer stands in the portal.\nPublic relations of {SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="feedback.archived",
        title=_("Message archived"),
        text=_("Message {TRACK} was archived. The reason stands in the portal.\nPublic relations of {SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="feedback.withdrawn",
        title=_("Message withdrawn by its citizen"),
        text=_("Message {TRACK} was withdrawn and is closed.\nPublic relations of {SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="feedback.reopened",
        title=_("Message opened again"),
        text=_("Message {TRACK} is being looked at again.\nPublic relations of {SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="feedback.status",
        title=_("Message: answer to an inbound message"),
        text=_("Message {TRACK}: {STATUS}, {DATE}\n{SITE}"),
        fields=("TRACK", "STATUS", "DATE", "SITE"),
    ),
)
