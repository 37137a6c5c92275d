"""What the trail's actions are called; one that stands here not is shown by its code."""

from civicportal.i18n import _

TITLES = {
    "access:denied": _("Was refused a page"),
    "audit:verified": _("The trail was verified"),
    "case:open": _("Opened a case"),
    "login:citizen": _("Signed in as a citizen"),
    "login:staff": _("Signed in as staff"),
    "login:refused": _("Was not let in"),
    "logout": _("Signed out"),
    "message:again": _("Sent a message again"),
    "message_text:save": _("Changed the words of a message"),
    "message_text:reset": _("Put the words of a message back"),
    "reveal:contact": _("Looked at name and mobile"),
    "reveal:identity": _("Looked at national code and birth date"),
    "session:end": _("Ended a session"),
    "session:end-others": _("Ended the other sessions"),
    "setting:save": _("Changed the settings"),
    "site:apply": _("Took values of the site's files"),
    "totp:enable": _("Set up the sign-in app"),
    "totp:disable": _("Removed the sign-in app"),
    "totp:recovery-codes": _("Made new recovery codes"),
}
