"""Texts of messages sent by the core."""

from civicportal.core.messages import MessageText
from civicportal.util.i18n import _

CORE_TEXTS = (
    MessageText(
        key="otp.login",
        title=_("Sign-in code, filled in by the browser itself"),
        text=_("{SITE}\nSign-in code: {CODE}\nKeep it secret.\n@{HOST} #{CODE}"),
        fields=("CODE", "HOST"),
    ),
    MessageText(
        key="otp.login.short",
        title=_("Sign-in code"),
        text=_("{SITE}\nSign-in code: {CODE}\nDo not give this code to anyone."),
        fields=("CODE",),
    ),
    MessageText(
        key="otp.mobile_change",
        title=_("Code for a new mobile number, filled in by the browser itself"),
        text=_("{SITE}\nCode to confirm the new number: {CODE}\n@{HOST} #{CODE}"),
        fields=("CODE", "HOST"),
    ),
    MessageText(
        key="otp.mobile_change.short",
        title=_("Code for a new mobile number"),
        text=_("{SITE}\nCode to confirm the new number: {CODE}\nValid for 3 minutes"),
        fields=("CODE",),
    ),
    MessageText(
        key="otp.password_reset",
        title=_("Code for a forgotten password, filled in by the browser itself"),
        text=_("{SITE}\nCode to reset the password: {CODE}\n@{HOST} #{CODE}"),
        fields=("CODE", "HOST"),
    ),
    MessageText(
        key="otp.password_reset.short",
        title=_("Code for a forgotten password"),
        text=_("{SITE}\nCode to reset the password: {CODE}"),
        fields=("CODE",),
    ),
    MessageText(
        key="member.password_changed",
        title=_("The password was changed"),
        text=_("{SITE}: your password was changed. If it was not you, call {PHONE}."),
        fields=("PHONE",),
    ),
    MessageText(
        key="member.new_device",
        title=_("Sign-in with the password from a new device"),
        text=_("{SITE}: sign-in with your password from a new device. If it was not you, call {PHONE}."),
        fields=("PHONE",),
    ),
    MessageText(
        key="contractor.link",
        title=_("Link for a contractor"),
        text=_("Your work: https://{HOST}/job/{LINK}"),
        fields=("LINK", "HOST"),
    ),
    MessageText(
        key="contractor.sent_back",
        title=_("Work was sent back to its contractor"),
        text=_("{SITE}: something is still to be done. Open the link of your work again."),
        fields=(),
    ),
    MessageText(
        key="member.invited",
        title=_("Invitation to the staff"),
        text=_(
            "{SITE}: you are invited as a colleague. The person who invited you has the link; it is valid for a day."
        ),
        fields=(),
    ),
    MessageText(
        key="member.deputy",
        title=_("Standing in for a colleague"),
        text=_("{SITE}: from {DATE} you stand in for a colleague; their cases are in your kartable."),
        fields=("DATE",),
    ),
    MessageText(
        key="member.token_ends",
        title=_("A token for a program ends soon"),
        text=_("{SITE}: your token …{TOKEN} ends on {DATE}."),
        fields=("TOKEN", "DATE"),
    ),
    MessageText(
        key="staff.kartable_new",
        title=_("New cases in the kartable"),
        text=_("Kartable: new cases referred to you: {COUNT}. Latest code: {TRACK}"),
        fields=("COUNT", "TRACK"),
    ),
    MessageText(
        key="staff.overdue",
        title=_("Overdue cases in the kartable"),
        text=_("Kartable: {COUNT} cases are overdue."),
        fields=("COUNT",),
    ),
    MessageText(
        key="question.reminder",
        title=_("Reminder of a question to the citizen"),
        text=_("{TRACK}: please answer our question until {DATE}.\n{SITE}"),
        fields=("TRACK", "DATE"),
    ),
    MessageText(
        key="inbound.status",
        title=_("Answer to a tracking code"),
        text=_("{TRACK}: {STATUS}, {DATE}\nMunicipality of {SITE}"),
        fields=("TRACK", "STATUS", "DATE"),
    ),
    MessageText(
        key="inbound.help",
        title=_("Answer to a message that was not understood"),
        text=_("{SITE}: send the 10 digits of your tracking code to this number."),
        fields=(),
    ),
    MessageText(
        key="inbound.unknown_code",
        title=_("Answer to a tracking code that belongs to another number or to none"),
        text=_("{SITE}: this number has no request with this code. Please check it."),
        fields=(),
    ),
    MessageText(
        key="inbound.stopped",
        title=_("Answer to the farewell from announcements"),
        text=_("{SITE}: you get no more announcements. Your own cases are still told of."),
        fields=(),
    ),
    MessageText(
        key="inbound.resumed",
        title=_("Answer to the return to announcements"),
        text=_("{SITE}: you get announcements again."),
        fields=(),
    ),
    MessageText(
        key="staff.digest",
        title=_("New and overdue cases in the kartable"),
        text=_("Kartable: {COUNT} new cases, {LATE} overdue. Latest code: {TRACK}"),
        fields=("COUNT", "LATE", "TRACK"),
    ),
    MessageText(
        key="inbound.accepted",
        title=_("Answer to a satisfied citizen"),
        text=_("{SITE}: thank you. Your satisfaction with {TRACK} is noted."),
        fields=("TRACK",),
    ),
    MessageText(
        key="inbound.objected",
        title=_("Answer to an objection that no other message tells of"),
        text=_("{SITE}: {TRACK} is open again and will be looked at."),
        fields=("TRACK",),
    ),
    MessageText(
        key="inbound.which",
        title=_("Question which closed case is meant"),
        text=_("{SITE}: which one? Send digit and code: {CODES}"),
        fields=("CODES",),
    ),
    MessageText(
        key="inbound.nothing",
        title=_("Answer to a verdict without a closed case"),
        text=_("{SITE}: you have no case closed within 7 days to answer for."),
        fields=(),
    ),
)
