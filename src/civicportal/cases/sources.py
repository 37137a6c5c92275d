"""The ways by which a case comes in: what stands in ``Case.source``, and how people read it."""

from translationstring import TranslationString

from civicportal.i18n import _

#: The ways that an officer writes down.
BY_OFFICERS: dict[str, TranslationString] = {
    "phone": _("By telephone"),
    "counter": _("At the counter"),
    "letter": _("By letter"),
}
#: Ways in which cases come in, and what they are called.
SOURCES: dict[str, TranslationString] = {
    "web": _("Portal"),
    **BY_OFFICERS,
    "office": _("Within the municipality"),
    "sms": _("SMS"),
    "api": _("Interface"),
}
