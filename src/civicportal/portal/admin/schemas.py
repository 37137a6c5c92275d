"""Forms of administration."""

from datetime import time

import colander
from translationstring import TranslationString

from civicportal.domain.kartable.choices import refuse_other_answer
from civicportal.domain.notifications.sms import utf16_len
from civicportal.portal.admin.icons import ICONS, TINTS
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import (
    ChoiceCardsWidget,
    NumberWidget,
    RadioWidget,
    TextAreaWidget,
    TextWidget,
    optional_choice,
)
from civicportal.web.schema import (
    BoundedInt,
    Choice,
    CityDate,
    CleanText,
    ClockTime,
    FiniteFloat,
    Flag,
    ListOf,
    Node,
    Option,
    StrictSchema,
)

SHORT = 25
"""UTF-16 code units that fit into a placeholder of a text message."""
LONGEST_DEADLINE = 365
"""Office days."""
SIZES = ("100", "300", "1000")
"""Cases of a dry run."""


def fits_sms(node: colander.SchemaNode, value: str) -> None:
    """Refuse a name that is too long for messages.

    It must fit into a placeholder of a text message.
    """
    if utf16_len(value) > SHORT:
        raise colander.Invalid(node, _("Please write at most ${count} characters.", mapping={"count": SHORT}))


def _clock() -> NumberWidget:
    return NumberWidget(placeholder=_("07:30"))


def _name() -> Node:
    return Node(CleanText(2, 200), title=_("Name"))


def _short_name() -> Node:
    return Node(
        CleanText(2, SHORT),
        title=_("Short name"),
        description=_("It stands in text messages."),
        validator=fits_sms,
        widget=TextWidget(counter=True),
    )


def _unit(title: TranslationString) -> Node:
    return Node(Choice(lambda bindings: bindings["units"]), title=title)


def _days(description: TranslationString) -> Node:
    return Node(
        FiniteFloat(0.1, LONGEST_DEADLINE),
        title=_("Deadline in office days"),
        description=description,
        missing=None,
    )


class UnitForm(StrictSchema):
    """A unit."""

    name = _name()
    short_name = _short_name()
    parent = optional_choice("units", _("Belongs to"), _("Stands by itself"))
    phone = Node(CleanText(0, 40), title=_("Telephone"), missing="")


class UnitClosing(StrictSchema):
    """The unit that takes over the references to a unit."""

    target = optional_choice("units", _("Who takes over"), _("No unit: everything stays as it is"))


class LeafForm(StrictSchema):
    """A subcategory."""

    parent = Node(Choice(lambda bindings: bindings["parents"]), title=_("Belongs to"))
    name = _name()
    short_name = _short_name()
    unit = optional_choice("units", _("Responsible unit"), _("The unit for everything else"))
    deadline_days = _days(_("Empty: cases have no deadline."))
    hint = Node(CleanText(0, 200), title=_("Hint for citizens"), missing="")
    synonyms = Node(
        CleanText(0, 2000, multiline=True),
        title=_("Words by which people search for it"),
        description=_("Separate them by commas or lines."),
        missing="",
        widget=TextAreaWidget(rows=3, counter=False),
    )
    public = Node(
        Flag(),
        title=_("Publication is offered with the box ticked"),
        description=_("The officer decides in each case. Not for subjects that accuse a person."),
        missing=False,
        switch=True,
    )


class RootForm(LeafForm):
    """A root category with its appearance, which its subcategories share."""

    icon = Node(
        Choice(lambda bindings: bindings["icons"]),
        title=_("Icon"),
        widget=ChoiceCardsWidget(layout="icon-cards"),
    )
    tint = Node(
        Choice([Option(value=name or "none", label=title) for name, title in TINTS.items()]),
        title=_("Colour"),
        widget=RadioWidget(),
    )

    def after_bind(self, node: colander.SchemaNode, _bindings: object) -> None:
        """Remove the parent: a root has none."""
        del node["parent"]


def icon_options(present: str) -> list[Option]:
    """Return the available icons, including the current one of a file."""
    options = [Option(value=name, label=title, icon=name, tone="t") for name, title in ICONS.items()]
    known = present in ICONS
    return options if known else [*options, Option(value=present, label=present, icon=present, tone="t")]


class RuleForm(StrictSchema):
    """A routing rule.

    A field ``fact_<name>`` is added for each fact of the site's services.
    """

    title = Node(CleanText(2, 200), title=_("What the rule says"))
    kind = optional_choice("kinds", _("Service"), _("All services"))
    category = optional_choice("categories", _("Category"), _("All categories"))
    choice = optional_choice("choices", _("Answer to a question"), _("Does not matter"))
    unit = _unit(_("Goes to the unit"))
    user = optional_choice("people", _("Person of this unit"), _("The whole unit"))
    deadline_days = _days(_("Empty: the days of the category."))
    active = Node(Flag(), title=_("The rule is switched on"), missing=False, switch=True)

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse a category or fact of another service, and a person of another unit."""
        error = colander.Invalid(node)
        kind = values["kind"]
        if kind and values["category"] and node.bindings["kind_of"][values["category"]] != kind:
            error["category"] = _("This category is one of another service.")
        refuse_other_answer(node, values, error, kind)
        for name, kinds in node.bindings["fact_kinds"].items():
            if kind and values[f"fact_{name}"] and kind not in kinds:
                error[f"fact_{name}"] = _("This service does not know it.")
        if values["user"] and values["user"].partition("-")[0] != values["unit"]:
            error["user"] = _("This person is not of that unit.")
        if error.children:
            raise error


class DryRunForm(StrictSchema):
    """The past cases of a dry run, in the URL."""

    newest = Node(Choice(lambda bindings: bindings["sizes"]), title=_("Newest cases"), missing=SIZES[0])
    first = Node(CityDate(), title=_("Registered from"), missing=None)
    last = Node(CityDate(), title=_("Registered until"), missing=None, after="first")
    off = Node(Flag(), title=_("As if every rule were switched on"), missing=False)


class HoursForm(StrictSchema):
    """The office hours of an ordinary week."""

    opens = Node(ClockTime(), title=_("Opens at"), widget=_clock())
    closes = Node(ClockTime(), title=_("Closes at"), widget=_clock())
    weekend = Node(
        ListOf(Choice(lambda bindings: bindings["days"]), max=7),
        title=_("Days off"),
        missing=(),
        widget=RadioWidget(),
    )
    half_days = Node(
        ListOf(Choice(lambda bindings: bindings["days"]), max=7),
        title=_("Half days"),
        missing=(),
        widget=RadioWidget(),
    )
    half_day_ends = Node(
        ClockTime(),
        title=_("End of a half day"),
        description=_("Empty: the middle of the office hours."),
        missing=None,
        widget=_clock(),
    )

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse hours that end before they begin, and a week without a working day.

        They end before they begin, a half day is outside them, or a week has no working day.
        """
        error = colander.Invalid(node)
        opens, closes, half = values["opens"], values["closes"], values["half_day_ends"]
        if opens >= closes:
            error["closes"] = _("The office closes after it has opened.")
        elif half is not None and not _within(opens, half, closes):
            error["half_day_ends"] = _("A half day ends within the office hours.")
        if len(values["weekend"]) == 7:
            error["weekend"] = _("At least one day of the week is worked.")
        if error.children:
            raise error


class HolidayForm(StrictSchema):
    """A holiday."""

    day = Node(CityDate(), title=_("Day"))
    title = Node(CleanText(2, 200), title=_("Occasion"))


class ClosureForm(StrictSchema):
    """A closure of some days."""

    first_day = Node(CityDate(), title=_("First day"))
    last_day = Node(CityDate(), title=_("Last day"), description=_("Empty: one day."), missing=None)
    reason = Node(CleanText(3, 200), title=_("Reason"))


class ListQuery(StrictSchema):
    """Filters of a list of categories, in the URL."""

    kind = Node(CleanText(0, 40), missing="")
    q = Node(CleanText(0, 100), title=_("Words"), missing="")


class YearQuery(StrictSchema):
    """The year of the calendar page."""

    year = Node(BoundedInt(1300, 2200), title=_("Year"), missing=None)


def _within(opens: time, half: time, closes: time) -> bool:
    return opens < half <= closes
