"""SMS texts of reports, with placeholders in braces."""

from civicportal.api.notifications import MessageText
from civicportal_reports.i18n import _

_SITE = ("TRACK", "SITE")

MESSAGES = (
    MessageText(
        key="reports.digest",
        title=_("New reports where a citizen follows"),
        text=_("{SITE}: {COUNT} new reports where you follow, see the map of reports. To stop: {WORD}"),
        fields=("SITE", "COUNT", "WORD"),
        parts=2,
    ),
    MessageText(
        key="reports.registered",
        title=_("Report registered"),
        text=_("Dear citizen, your report is registered.\nTracking code: {TRACK}\nMunicipality of {SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="reports.in_review",
        title=_("Report in review"),
        text=_("Report {TRACK} is being looked at.\nMunicipality of {SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="reports.in_action",
        title=_("Report: work under way"),
        text=_("Work on report {TRACK} has begun.\nMunicipality of {SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="reports.referred",
        title=_("Report referred"),
        text=_("Report {TRACK} was referred to {UNIT}.\nMunicipality of {SITE}"),
        fields=("TRACK", "UNIT", "SITE"),
    ),
    MessageText(
        key="reports.waiting_citizen",
        title=_("Report waits for the citizen"),
        text=_("Report {TRACK} needs a word from you. Please sign in.\n{SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="reports.unanswered",
        title=_("Report goes on without an answer"),
        text=_("Report {TRACK} goes on without an answer.\n{SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="reports.reviewed",
        title=_("Report reviewed"),
        text=_("Report {TRACK} was dealt with. See the result in the portal.\nMunicipality of {SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="reports.rejected",
        title=_("Report rejected"),
        text=_("Report {TRACK} could not be handled. The reason stands in the portal.\n{SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="reports.out_of_scope",
        title=_("Report: no duty of the municipality"),
        text=_("Report {TRACK} is no duty of the municipality. See the portal for advice.\n{SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="reports.duplicate",
        title=_("Report is a duplicate"),
        text=_("Report {TRACK} is followed up together with an earlier one.\n{SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="reports.withdrawn",
        title=_("Report withdrawn by its citizen"),
        text=_("Report {TRACK} was withdrawn and is closed.\nMunicipality of {SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="reports.reopened",
        title=_("Report opened again"),
        text=_("Report {TRACK} is being looked at again.\nMunicipality of {SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="reports.corrected",
        title=_("Report corrected"),
        text=_("Details of report {TRACK} were corrected. See them in the portal.\n{SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="reports.answered",
        title=_("Report answered"),
        text=_("Report {TRACK} was answered. The answer stands in the portal.\n{SITE}"),
        fields=_SITE,
    ),
    MessageText(
        key="reports.status",
        title=_("Report: answer to an inbound message"),
        text=_("Report {TRACK}: {STATUS}, {DATE}\nMunicipality of {SITE}"),
        fields=("TRACK", "STATUS", "DATE", "SITE"),
    ),
)
