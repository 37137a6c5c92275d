"""Single and multiple choices."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import colander

from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.schema.base import Scalar
from civicportal.web.schema.codes import Key


@dataclass(frozen=True, kw_only=True)
class Option:
    """An option: ``value`` is submitted, ``label`` is displayed.

    ``hint`` and ``icon`` (a name of the icon sprite), ``tone`` (``g t a b v r``) are shown on choice cards, ``group``
    is the heading of a select's group.
    """

    value: str
    label: str
    hint: str = ""
    icon: str = ""
    tone: str = ""
    group: str = ""
    NONE: ClassVar[str] = "-"
    """Value of a filter for things without a unit, category or place; no key equals it."""

    @classmethod
    def none(cls, label: str = "") -> Option:
        """Return the filter option for missing values, by default labelled "Not said"."""
        return cls(value=cls.NONE, label=label or _("Not said"))


Options = Iterable[Option | tuple[str, str] | str]


class Choice(Scalar):
    """One value of ``options``: values, pairs of value and label, or :class:`Option`.

    ``options`` may be the name of a binding of the schema, ``Choice("units")``, or a function of the bindings, for
    choices that come from the site or the database.
    """

    missing_msg = _("Please choose one.")

    def __init__(self, options: Options | Callable[[Values], Options]) -> None:
        if isinstance(options, str):
            name = options
            self._options: Callable[[Values], Options] | list[Option] = lambda bindings: bindings[name]
        else:
            self._options = options if callable(options) else [_option(item) for item in options]

    def options(self, node: colander.SchemaNode) -> list[Option]:
        """Return the options, in order."""
        if callable(self._options):
            return [_option(item) for item in self._options(node.bindings or {})]
        return self._options

    def read(self, node: colander.SchemaNode, text: str) -> str:
        """Return the value; raise :class:`colander.Invalid` if it is not an option."""
        if text not in {option.value for option in self.options(node)}:
            raise colander.Invalid(node, _("This choice is not offered. Please choose one of the list."))
        return text


class _KeptChoice(Choice):
    """A choice of what is offered, and of what was chosen before."""

    def __init__(self, choice: Choice, values: Collection[str]) -> None:
        self._choice, self._values = choice, values

    def options(self, node: colander.SchemaNode) -> list[Option]:
        offered = self._choice.options(node)
        known = {option.value for option in offered}
        return offered + [
            Option(value=value, label=_("${value} (not offered any more)", mapping={"value": value}))
            for value in self._values
            if value not in known
        ]


class ListOf(colander.SchemaType):
    """A list of at most ``max`` distinct values of one scalar type.

    A form repeats the field's name.
    """

    missing_msg = _("Please choose at least one.")

    def __init__(self, item: Scalar, *, max: int) -> None:
        self.item, self.max = item, max

    def options(self, node: colander.SchemaNode) -> list[Option]:
        """Return the options; empty if the item is not a :class:`Choice`."""
        return self.item.options(node) if isinstance(self.item, Choice) else []

    def deserialize(self, node: colander.SchemaNode, cstruct: object) -> Any:
        """Return the list without repetitions, or ``colander.null`` for none.

        Raises :class:`colander.Invalid` for too many or invalid values.
        """
        if cstruct is colander.null or cstruct is None:
            return colander.null
        sent = cstruct if isinstance(cstruct, list) else [cstruct]
        if len(sent) > self.max:
            raise colander.Invalid(node, _("At most ${count} are allowed here.", mapping={"count": self.max}))
        values = (self.item.deserialize(node, value) for value in sent)
        return list(dict.fromkeys(value for value in values if value is not colander.null)) or colander.null

    def serialize(self, node: colander.SchemaNode, appstruct: Any) -> Any:
        """Return the list of texts for a form."""
        if appstruct is colander.null or appstruct is None:
            return colander.null
        return [self.item.serialize(node, value) for value in appstruct]


class KeyList(ListOf):
    """Keys of uploaded attachments."""

    missing_msg = _("Please add at least one picture.")

    def __init__(self, max: int = 4) -> None:
        super().__init__(Key(), max=max)


def keeping(choice: Choice | ListOf, values: Collection[str]) -> Choice | ListOf:
    """Return the same choice that offers some present values too, if it does not offer them any more."""
    if isinstance(choice, Choice):
        return _KeptChoice(choice, values)
    if isinstance(choice.item, Choice):
        return ListOf(_KeptChoice(choice.item, values), max=choice.max)
    return choice


def _option(item: Option | tuple[str, str] | str) -> Option:
    if isinstance(item, Option):
        return item
    value, label = (item, item) if isinstance(item, str) else item
    return Option(value=value, label=label)
