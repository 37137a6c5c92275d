"""Channels by which cases arrive: values of ``Case.source`` and their titles."""

from translationstring import TranslationString

from civicportal.util.i18n import _

#: Channels that an officer can choose.
BY_OFFICERS: dict[str, TranslationString] = {
    "phone": _("By telephone"),
    "counter": _("At the counter"),
    "letter": _("By letter"),
}
#: Titles of all channels.
SOURCES: dict[str, TranslationString] = {
    "web": _("Portal"),
    **BY_OFFICERS,
    "office": _("Within the municipality"),
    "sms": _("SMS"),
    "api": _("Interface"),
    "open311": _("Open311"),
}
