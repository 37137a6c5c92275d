"""How a field is drawn: one class and one template per kind of control.

A widget draws the control only; label, hint, counter and error around it are ``mapping_item.jinja2``.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import deform.widget

from civicportal.util.calendar.dates import EXAMPLES
from civicportal.web import schema


class Widget(deform.widget.Widget):
    """Base class; keyword arguments set what the class names.

    ``autocomplete``, ``placeholder``, ``inputmode``: attributes of the control. ``group``: the control is several
    inputs, so a fieldset with a legend stands around it instead of a label; ``labelled``: it draws label and hint itself.
    ``digits``: what stands in it is shown in the digits of the page's language, as people type it.
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

    def serialize(self, field: deform.Field, cstruct: Any, **values: Any) -> Any:
        """Return the control's markup."""
        return field.renderer(
            self.template, field=field, widget=self, **self.values(field, cstruct), **values
        )

    def deserialize(self, field: deform.Field, pstruct: Any) -> Any:
        """Return what was sent: the flat parser has read it already."""
        return pstruct

    def values(self, field: deform.Field, cstruct: Any) -> dict[str, Any]:
        """Return what the template is given: here the text that stands in the control."""
        return {"value": shown(cstruct)}


class TextWidget(Widget):
    """One line of text. ``maxlength`` follows the schema type; ``suggestions`` are values the browser offers."""

    suggestions: tuple[str, ...] = ()


class TextAreaWidget(Widget):
    """Several lines, with a counter of characters under it unless ``counter=False``.

    A number as ``counter`` is counted to instead of what the field holds at most.
    """

    template = "textarea"
    rows = 5
    counter: bool | int = True


class PasswordWidget(Widget):
    """A password: ``autocomplete`` is ``current-password`` unless told ``new-password``. Never filled."""

    template = "password"
    autocomplete = "current-password"


class MobileWidget(Widget):
    """A mobile number; an empty one shows how people of the country write theirs."""

    type = "tel"
    inputmode = "tel"
    autocomplete = "tel-national"
    css_class = "ltr d-block w-100"
    digits = True

    def values(self, field: deform.Field, cstruct: Any) -> dict[str, Any]:
        """Return the text, and the example."""
        return {**super().values(field, cstruct), "example": field.schema.bindings["country"].mobile_example}


class CodeWidget(Widget):
    """A one-time code: one input that the telephone fills in."""

    template = "code"
    inputmode = "numeric"
    autocomplete = "one-time-code"


class NumberWidget(Widget):
    """A number, a time or a code of digits: plain text with the numeric keypad, since number inputs refuse Persian digits."""

    inputmode = "numeric"
    digits = True
    css_class = "ltr d-block w-100"


class PersonalNumberWidget(NumberWidget):
    """A number that a browser should not remember for the next person before it."""

    autocomplete = "off"


class DateWidget(Widget):
    """A day in the site's calendar: a text input that works alone, with a month to choose from over it.

    ``first`` and ``last`` are the days that the month offers, or functions of the schema's bindings that return them;
    the schema's validator decides what is taken. ``example`` is the day that an empty control shows, where one of these
    years would mislead.
    """

    template = "date"
    autocomplete = "off"
    digits = True
    first: Any = None
    last: Any = None
    example: date | None = None

    def values(self, field: deform.Field, cstruct: Any) -> dict[str, Any]:
        """Return the text, and what the month needs to know; weekdays are counted from Sunday, as scripts do."""
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


class BirthDateWidget(DateWidget):
    """The day on which somebody was born."""

    autocomplete = "bday"
    example = date(1985, 3, 21)


class CheckboxWidget(Widget):
    """One tick box; its label is the field's title."""

    template = "checkbox"
    labelled = True
    switch = False

    def values(self, field: deform.Field, cstruct: Any) -> dict[str, Any]:
        """Return whether the box is ticked."""
        return {"checked": schema.Flag.words.get(shown(cstruct), False)}


class SwitchWidget(CheckboxWidget):
    """A tick box drawn as a switch."""

    switch = True


class HiddenWidget(Widget):
    """A value that is not seen."""

    template = "hidden"
    hidden = True


class IdempotencyWidget(HiddenWidget):
    """The key under which the form is acted on once: a new form brings its own."""

    def values(self, field: deform.Field, cstruct: Any) -> dict[str, Any]:
        """Return the key that was sent, or a new one."""
        key = shown(cstruct)
        return {"value": key if schema.Key.pattern.fullmatch(key) else schema.new_key()}


def _day(day: Any, bindings: Any) -> str:
    found = day(bindings) if callable(day) else day
    return found.isoformat() if found else ""


def shown(cstruct: Any) -> str:
    """Return the text to show for what was sent, whatever it was: the first of several, nothing for a file."""
    if isinstance(cstruct, list) and cstruct:
        cstruct = cstruct[0]
    if not isinstance(cstruct, str):
        return ""
    return cstruct.encode("utf-8", "replace").decode().replace("\0", "")
