"""Widgets: one class and one template per kind of control.

A widget renders the control only; label, hint, counter and error around it are ``mapping_item.jinja2``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import deform.widget

from civicportal.util.calendar.dates import EXAMPLES
from civicportal.util.values import Values
from civicportal.web import schema

Day = date | Callable[[Values], date | None] | None
"""A day that a date picker offers, or a function of the bindings that returns it."""


class FormWidget(deform.widget.Widget):
    """Base class; keyword arguments set the class attributes.

    ``autocomplete``, ``placeholder``, ``inputmode``: attributes of the control. ``group``: the control is several
    inputs in a fieldset with a legend instead of a label; ``labelled``: it renders label and hint itself.
    ``digits``: its value is shown in the digits of the page's language.
    """

    template = "textinput"
    group = False
    autocomplete: str | None = None
    placeholder = ""
    inputmode: str | None = None
    type = "text"
    css_class = ""
    labelled = False
    digits = False

    def serialize(self, field: deform.Field, cstruct: object, **values: object) -> object:
        """Render the control."""
        return field.renderer(
            self.template, field=field, widget=self, **self.values(field, cstruct), **values
        )

    def deserialize(self, field: deform.Field, pstruct: object) -> object:
        """Return the submitted value, which the flat parser has read already."""
        return pstruct

    def values(self, field: deform.Field, cstruct: object) -> dict[str, object]:
        """Return the template variables: here the text of the control."""
        return {"value": shown(cstruct)}


class TextWidget(FormWidget):
    """One line of text.

    ``maxlength`` follows the schema type; ``suggestions`` are offered by the browser.
    """

    suggestions: tuple[str, ...] = ()


class TextAreaWidget(FormWidget):
    """Several lines, with a character counter unless ``counter=False``.

    A number as ``counter`` is the limit instead of the field's maximum.
    """

    template = "textarea"
    rows = 5
    counter: bool | int = True


class PasswordWidget(FormWidget):
    """A password: ``autocomplete`` is ``current-password`` by default, or ``new-password``. Never prefilled."""

    template = "password"
    autocomplete = "current-password"


class MobileWidget(FormWidget):
    """A mobile number; empty, it shows an example of the country."""

    type = "tel"
    inputmode = "tel"
    autocomplete = "tel-national"
    css_class = "ltr d-block w-100"
    digits = True

    def values(self, field: deform.Field, cstruct: object) -> dict[str, object]:
        """Return the text, and the example."""
        return {**super().values(field, cstruct), "example": field.schema.bindings["country"].mobile_example}


class CodeWidget(FormWidget):
    """A one-time code: one input with ``autocomplete="one-time-code"``."""

    template = "code"
    inputmode = "numeric"
    autocomplete = "one-time-code"


class NumberWidget(FormWidget):
    """A number, a time or a code of digits.

    Plain text with the numeric keypad, since number inputs refuse Persian digits.
    """

    inputmode = "numeric"
    digits = True
    css_class = "ltr d-block w-100"


class PersonalNumberWidget(NumberWidget):
    """A number that browsers should not remember."""

    autocomplete = "off"


class DateWidget(FormWidget):
    """A date in the site's calendar.

    ``first`` and ``last`` are the days that the picker offers, or functions of the schema's bindings that return them;
    the schema's validator decides which are valid. ``example`` is the placeholder, if a date of the current years would
    mislead.
    """

    template = "date"
    autocomplete = "off"
    digits = True
    first: Day = None
    last: Day = None
    example: date | None = None

    def values(self, field: deform.Field, cstruct: object) -> dict[str, object]:
        """Return the text and the settings of the date picker.

        Weekdays are counted from Sunday, as in JavaScript.
        """
        bindings = field.schema.bindings
        calendar = bindings["calendar"]
        return {
            "value": shown(cstruct),
            "kind": calendar.kind,
            "example": calendar.format_date(self.example, "short", "en")
            if self.example
            else EXAMPLES[calendar.kind],
            "week": (calendar.week[0] + 1) % 7,
            "weekend": " ".join(str((day + 1) % 7) for day in sorted(bindings["days_off"]())),
            **{name: _day(getattr(self, name), bindings) for name in ("first", "last")},
        }


class CheckboxWidget(FormWidget):
    """A checkbox, or with ``switch=True`` a switch; its label is the field's title."""

    template = "checkbox"
    labelled = True
    switch = False

    def values(self, field: deform.Field, cstruct: object) -> dict[str, object]:
        """Return whether the box is ticked."""
        return {"checked": schema.Flag.words.get(shown(cstruct), False)}


class HiddenWidget(FormWidget):
    """A hidden field."""

    template = "hidden"
    hidden = True


class IdempotencyWidget(HiddenWidget):
    """The idempotency key of the form: a new form gets its own."""

    def values(self, field: deform.Field, cstruct: object) -> dict[str, object]:
        """Return the submitted key, or a new one."""
        key = shown(cstruct)
        return {"value": key if schema.Key.pattern.fullmatch(key) else schema.new_key()}


def _day(day: Day, bindings: Values) -> str:
    found = day(bindings) if callable(day) else day
    return found.isoformat() if found else ""


def shown(cstruct: object) -> str:
    """Return the displayed text of a submitted value.

    It is the first of several, nothing for a file.
    """
    if isinstance(cstruct, list) and cstruct:
        cstruct = cstruct[0]
    if not isinstance(cstruct, str):
        return ""
    return cstruct.encode("utf-8", "replace").decode().replace("\0", "")
