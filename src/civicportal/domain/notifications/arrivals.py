"""Delivery states of sent messages, as providers report them."""

from civicportal.util.i18n import _

ARRIVALS = {
    "arrived": _("Arrived"),
    "off": _("Did not reach the phone: it was off, full or out of reach"),
    "not_taken": _("The operator did not take it"),
    "lost": _("Failed on its way"),
    "blocked": _("This number takes no such messages"),
    "silent": _("The provider does not say whether it arrived"),
}
