"""One field of a bound form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Protocol

import colander
import deform
from markupsafe import Markup
from translationstring import TranslationString

from civicportal.util.i18n import _, listed, localized_digits
from civicportal.web import schema as types
from civicportal.web.forms.attributes import attributes
from civicportal.web.forms.parts import Excerpt
from civicportal.web.forms.widgets import FormWidget, shown
from civicportal.web.request import Request

AROUND = 30
"""Characters of context on each side of a highlighted part."""


class FormTranslator:
    """Translate texts of a form into the request's language, with its digits."""

    def __init__(self, request: Request) -> None:
        self._localizer = request.localizer

    @property
    def locale(self) -> str:
        """Return the language."""
        return str(self._localizer.locale_name)

    def __call__(self, message: str | None) -> str:
        """Return the translated text, or a plain string unchanged."""
        if isinstance(message, TranslationString):
            return localized_digits(self._localizer.translate(message), self._localizer.locale_name)
        return message or ""

    def all(self, messages: Iterable[str | None]) -> list[str]:
        """Return the non-empty texts, translated."""
        return [self(message) for message in messages if message]


class Render(Protocol):
    """Renders a template of the forms."""

    def __call__(self, template: str, **values: object) -> Markup:
        """Return the markup."""


class BoundField:
    """A field for templates: texts, state, ids, and :meth:`render`."""

    def __init__(self, field: deform.Field, words: FormTranslator, render: Render) -> None:
        self._field, self._words, self._render = field, words, render
        self._failures: list[str] = []
        self.excerpts: list[Excerpt] = []
        #: Additional hidden fields: names and values.
        self.carried: list[tuple[str, str]] = []

    @property
    def name(self) -> str:
        """The name under which it is submitted."""
        return str(self._field.name)

    @property
    def oid(self) -> str:
        """The id of its control."""
        return str(self._field.oid)

    @property
    def anchor(self) -> str:
        """The target of the error summary."""
        return f"{self.oid}-group" if self.widget.group else self.oid

    @property
    def widget(self) -> FormWidget:
        """The widget that renders it."""
        widget: FormWidget = self._field.widget
        return widget

    @property
    def typ(self) -> colander.SchemaType:
        """Its schema type."""
        typ: colander.SchemaType = self._field.typ
        return typ

    @cached_property
    def label(self) -> str:
        """The translated title."""
        return self._words(self._field.title)

    @cached_property
    def hint(self) -> str:
        """The translated description; empty for none."""
        return self._words(self._field.description)

    @property
    def required(self) -> bool:
        """True if the field is required, or marked so because something other than the schema requires it."""
        return bool(self._field.required or getattr(self._field.schema, "marked_required", False))

    @property
    def offers_nothing(self) -> bool:
        """True for a choice without options, such as the officers for a person who heads no unit."""
        return hasattr(self.typ, "options") and not self.typ.options(self._field.schema)

    @property
    def hidden(self) -> bool:
        """True for a hidden field."""
        return bool(self.widget.hidden)

    @property
    def cstruct(self) -> object:
        """The submitted text, or that of the initial value; ``colander.null`` for nothing."""
        cstruct: object = self._field.cstruct
        return cstruct

    @property
    def is_empty(self) -> bool:
        """True for an empty field."""
        return self.cstruct in (colander.null, "", [])

    @property
    def narrows(self) -> bool:
        """True for an active filter.

        It is optional, not empty, and valid.
        """
        always_says = self._field.schema.missing not in (None, "", False)
        is_off = isinstance(self.typ, types.Flag) and not self._is_ticked
        return not (always_says or self.is_empty or is_off or self.error_messages)

    @property
    def words(self) -> str:
        """The value for display: the labels of the selected options, yes or no for a checkbox."""
        sent = self.cstruct if isinstance(self.cstruct, list) else [self.cstruct]
        texts = [text for text in sent if isinstance(text, str)]
        if isinstance(self.typ, types.Flag):
            return self._words(_("Yes") if self._is_ticked else _("No"))
        if isinstance(self.typ, types.CityDate):
            return listed(map(self._day, texts), self._words.locale)
        if hasattr(self.typ, "said"):
            named = (self.typ.said(self._field.schema, text, self._words.locale) for text in texts)
            return listed((self._words(name) for name in named), self._words.locale)
        labels = {}
        if hasattr(self.typ, "options"):
            labels = {option.value: option.label for option in self.typ.options(self._field.schema)}
        return listed((self._words(labels.get(text, text)) for text in texts), self._words.locale)

    def offers(self, value: str) -> bool:
        """Return whether a value is one of its choices."""
        if not hasattr(self.typ, "options"):
            return False
        return any(option.value == value for option in self.typ.options(self._field.schema))

    @property
    def _is_ticked(self) -> bool:
        return bool(types.Flag.words.get(shown(self.cstruct).strip().lower()))

    def _day(self, text: str) -> str:
        node = self._field.schema
        try:
            day = self.typ.deserialize(node, text)
        except colander.Invalid:
            return text
        return str(node.bindings["calendar"].format_date(day, "short", self._words.locale))

    @property
    def error_messages(self) -> list[str]:
        """The translated errors."""
        error = self._field.error
        found = self._words.all(error.messages()) if error is not None else []
        return found + self._failures

    @property
    def error(self) -> str:
        """The errors as one text; empty for none."""
        return " ".join(self.error_messages)

    def fail(self, message: str) -> None:
        """Add an error."""
        self._failures.append(self._words(message))

    def show_excerpts(self, text: str, parts: Iterable[tuple[int, int, str, str]]) -> None:
        """Show excerpts of a text below the control.

        :param parts: start, end, kind, and a word that can be ticked as harmless, or an empty text.
        """
        offered: set[str] = set()
        for start, end, kind, word in parts:
            first, last = _word_before(text, start), _word_behind(text, end)
            excerpt = Excerpt(
                kind=kind,
                before=("… " if first else "") + text[first:start],
                found=text[start:end],
                behind=text[end:last] + (" …" if last < len(text) else ""),
                start=start,
                end=end,
                word="" if word in offered else word,
            )
            offered.add(word)
            self.excerpts.append(excerpt)

    @property
    def maxlength(self) -> int | None:
        """The maximum number of characters, if the type has one."""
        return self.typ.max if isinstance(self.typ, types.CleanText) else None

    @property
    def minlength(self) -> int | None:
        """The minimum number of characters, if the type has one."""
        return (self.typ.min or None) if isinstance(self.typ, types.CleanText) else None

    @property
    def reminder(self) -> str:
        """The message a script shows before submitting."""
        if self.minlength is not None:
            return self._words(types.at_least(self.minlength))
        return self._words(self._field.schema.missing_msg)

    @property
    def counter(self) -> int | None:
        """The limit of the character counter, or ``None``."""
        counter = getattr(self.widget, "counter", False)
        return self.maxlength if counter is True else counter or None

    @property
    def length(self) -> int:
        """The number of characters in it."""
        return len(shown(self.cstruct))

    @property
    def described_by(self) -> str:
        """The ids for ``aria-describedby``; empty for none."""
        parts = {
            "hint": bool(self.hint),
            "counter": bool(self.counter),
            "error": bool(self.error),
            "found": bool(self.excerpts),
        }
        return " ".join(f"{self.oid}-{part}" for part, there in parts.items() if there)

    def attributes(self, css: str, *, typing: bool = False) -> Markup:
        """Return the HTML attributes of its control.

        :param css: the class of the control, before those of the widget and of an error.
        :param typing: include attributes for text input: mode and lengths.
        """
        error = self.error
        classes = (css, self.widget.css_class, "is-invalid" if error else "")
        return attributes(
            {
                "class": " ".join(filter(None, classes)),
                "id": self.oid,
                "name": self.name,
                "required": self.required,
                "aria-invalid": "true" if error else "",
                "aria-describedby": self.described_by,
                "data-secret": isinstance(self.typ, types.Secret),
                **(self._typing() if typing else {}),
            }
        )

    def _typing(self) -> dict[str, str | int | None]:
        return {
            "autocomplete": self.widget.autocomplete,
            "inputmode": self.widget.inputmode,
            "placeholder": self.say(self.widget.placeholder),
            "minlength": self.minlength,
            "maxlength": self.maxlength,
        }

    def say(self, text: str | None) -> str:
        """Return a text of the widget or an option, translated."""
        return self._words(text)

    def control(self) -> Markup:
        """Render the control alone."""
        return Markup(self._field.serialize())  # noqa: S704 - the widgets' templates escape

    def render(self) -> Markup:
        """Render the field: label, hint, control, counter, error."""
        return self.control() if self.hidden else self._render("mapping_item", field=self)

    __html__ = render


def _word_before(text: str, place: int) -> int:
    """Return the start of the words before a position, without cutting one."""
    first = max(place - AROUND, 0)
    gap = re.search(r"\s", text[first:place]) if first else None
    return first + gap.end() if gap else first


def _word_behind(text: str, place: int) -> int:
    last = min(place + AROUND, len(text))
    gaps = [gap.start() for gap in re.finditer(r"\s", text[place:last])] if last < len(text) else []
    return place + gaps[-1] if gaps else last
