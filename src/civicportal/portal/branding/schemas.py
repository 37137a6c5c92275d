"""The form of the settings."""

import re

import colander
from translationstring import TranslationString

from civicportal.core.branding.values import NO, YES
from civicportal.domain.notifications.sms import utf16_len
from civicportal.util.colour import READABLE, SUGGESTED, contrasts
from civicportal.util.i18n import _, latin_digits
from civicportal.util.persian import store
from civicportal.web.forms import HiddenWidget, RadioWidget, SelectWidget, TextAreaWidget, TextWidget
from civicportal.web.schema import BoundedInt, Choice, CleanText, Node, StrictSchema
from civicportal.web.schema.base import Scalar

SHORTEST_NAME, LONGEST_NAME = 2, 60
MOST_UNITS = 25
"""UTF-16 units of a placeholder of a text message."""
LONGEST_WORDS = 5000
TRANSLATED = (
    "name",
    "short_name",
    "contact_organization",
    "contact_phone_note",
    "contact_address",
    "texts_welcome_title",
    "texts_welcome_text",
    "texts_emergency",
    "texts_about",
    "texts_privacy",
    "texts_terms",
)
"""Fields that each further language of the site has too."""
COLOURS = ("look_primary", "look_primary_dark")
# They become links: a scheme of another kind, or a parameter of a mail, must not come with them.
TELEPHONE = r"\+?[0-9][0-9 ()/-]{1,38}"
EMAIL = r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"
WEBSITE = r"https?://[\w-]+(?:\.[\w-]+)*(?::[0-9]{1,5})?(?:[/?#][^\s<>\"]*)?"


class PatternText(Scalar):
    """A short machine-readable text, such as a colour, a number, an address.

    Digits are stored as ASCII.

    :param pattern: for the whole stripped text.
    :param wrong: the error message; without digits, which the page would write in its own script.
    """

    def __init__(self, pattern: str, wrong: TranslationString) -> None:
        self.pattern, self.wrong = re.compile(pattern), wrong

    def read(self, node: colander.SchemaNode, text: str) -> str:
        """Return the text; raise :class:`colander.Invalid` if it does not match."""
        value = latin_digits(store(text))
        if not self.pattern.fullmatch(value):
            raise colander.Invalid(node, self.wrong)
        return value


class HexColor(PatternText):
    """A colour as ``#rrggbb``."""

    missing_msg = _("Please choose a colour.")

    def __init__(self) -> None:
        super().__init__(
            "#[0-9a-f]{6}",
            _("Please write the colour as # and six characters, each a digit or a letter from a to f."),
        )

    def read(self, node: colander.SchemaNode, text: str) -> str:
        """Return it in lower case; raise :class:`colander.Invalid` for an invalid colour."""
        return super().read(node, text.lower())


def fits_a_message(node: colander.SchemaNode, value: str) -> None:
    """Refuse a name that the provider would truncate."""
    if utf16_len(value) > MOST_UNITS:
        raise colander.Invalid(
            node, _("Please write at most ${count} characters.", mapping={"count": MOST_UNITS})
        )


def _line(title: TranslationString, longest: int = 200) -> colander.SchemaNode:
    return Node(CleanText(0, longest), title=title, missing="", widget=TextWidget())


def _address(title: TranslationString, typ: Scalar) -> colander.SchemaNode:
    return Node(typ, title=title, missing="", widget=TextWidget(css_class="ltr d-block w-100"))


def _words(title: TranslationString, rows: int) -> colander.SchemaNode:
    widget = TextAreaWidget(rows=rows, counter=False)
    return Node(CleanText(0, LONGEST_WORDS, multiline=True), title=title, missing="", widget=widget)


class SettingsForm(StrictSchema):
    """Name, colours, contact data, texts, and the interface for programs.

    The field ``contact_phone`` is the value ``contact.phone``.
    """

    name = Node(CleanText(SHORTEST_NAME, LONGEST_NAME), title=_("Name of the portal"))
    short_name = Node(
        CleanText(SHORTEST_NAME, MOST_UNITS),
        title=_("Short name"),
        description=_("Stands in text messages; without diacritics."),
        validator=fits_a_message,
    )
    look_primary = Node(
        HexColor(),
        title=_("Colour of the city"),
        widget=TextWidget(type="color", css_class="form-control-color", suggestions=SUGGESTED),
    )
    look_primary_dark = Node(
        HexColor(),
        title=_("Colour in the dark"),
        description=_("Leave it empty, and a tint is found that reads well."),
        missing="",
        widget=TextWidget(css_class="ltr", placeholder="#5fc7c0"),
    )
    contact_organization = _line(_("Name of the municipality"))
    contact_phone = _address(
        _("Telephone for citizens"), PatternText(TELEPHONE, _("Please write a telephone number."))
    )
    contact_phone_note = _line(_("When it is answered"), 60)
    contact_address = _line(_("Address of the town hall"))
    contact_postal_code = _address(_("Postal code"), CleanText(0, 20))
    contact_email = _address(
        _("E-mail"), PatternText(EMAIL, _("Please write an address like info@city.example."))
    )
    contact_website = _address(
        _("Website"), PatternText(WEBSITE, _("Please write the whole address, with https://."))
    )
    texts_welcome_title = _line(_("Heading of the home page"), 120)
    texts_welcome_text = _words(_("Words below the heading"), 3)
    texts_emergency = _words(_("Notice for emergencies"), 2)
    texts_about = _words(_("About the portal"), 6)
    texts_privacy = _words(_("Privacy"), 6)
    texts_terms = _words(_("Terms of use"), 6)
    api_enabled = Node(
        Choice([(YES, _("On")), (NO, _("Off"))]),
        title=_("Interface for programs"),
        description=_("Off, no token opens anything; they stay, and work again when it is on."),
        widget=RadioWidget(),
    )
    api_personal = Node(
        Choice(
            [
                ("staff", _("Staff")),
                ("everybody", _("Staff and citizens")),
                ("none", _("Only administrators, for programs of the city")),
            ]
        ),
        title=_("Who may make tokens"),
        widget=SelectWidget(),
    )
    api_per_minute = Node(
        BoundedInt(1, 1_000_000_000),
        title=_("Calls a minute"),
        description=_("Of one token, and from one address."),
    )
    digest = Node(CleanText(1, 20), widget=HiddenWidget())

    def validator(self, node: colander.SchemaNode, values: dict[str, str]) -> None:
        """Refuse colours without enough contrast between text and background."""
        for field, dark in (("look_primary", False), ("look_primary_dark", True)):
            chosen = {name.removeprefix("look_"): values[name] for name in COLOURS if values[name]}
            poor = [one for one in contrasts(chosen) if not one.is_enough and one.dark is dark]
            if poor:
                error = colander.Invalid(node)
                error[field] = _(
                    "Words would be hard to read: the contrast is ${ratio}, it must be ${least} or more.",
                    mapping={"ratio": f"{poor[0].ratio:.1f}", "least": READABLE},
                )
                raise error
