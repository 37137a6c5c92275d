"""Reading of parameters and bodies: strict types first, then the schema of the form.

The types of a form read what people type, such as Persian digits and dates of the city's calendar. A program sends
JSON: numbers are numbers, dates are ISO 8601, and an unknown name is a mistake.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import colander
from translationstring import TranslationString

from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.request import Request
from civicportal.web.rest.problems import Mistake, Problem, said
from civicportal.web.schema import BoundedInt, CityDate, CleanText, FiniteFloat, Flag, JsonObject, ListOf

_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,20})?", re.ASCII)
UNKNOWN = _("This name is unknown here.")
REPEATED = _("This parameter may be given only once.")
NOT_OBJECT = _("An object is expected here.")
NOT_LIST = _("A list is expected here.")
NOT_TEXT = _("A text is expected here.")
NOT_INTEGER = _("A whole number is expected here.")
NOT_NUMBER = _("A number is expected here.")
NOT_FLAG = _("true or false is expected here.")
EMPTY = _("This is empty. Leave it out instead.")
NOT_DATE = _("A date like 2026-03-21 is expected here.")

Fail = Callable[[TranslationString], None]


class _Mistakes:
    """The mistakes of one document.

    :param place: returns the name of a place for its path of names.
    """

    def __init__(self, request: Request, *, in_body: bool) -> None:
        self._request, self._in_body = request, in_body
        self.found: list[Mistake] = []

    def add(self, path: tuple[str, ...], text: TranslationString | str) -> None:
        detail = said(self._request, text)
        if self._in_body:
            pointer = "#" + "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in path)
            self.found.append({"pointer": pointer, "detail": detail})
        else:
            self.found.append({"parameter": path[0] if path else "", "detail": detail})

    def add_all(self, error: colander.Invalid, path: tuple[str, ...]) -> None:
        for message in filter(None, error.messages()):
            self.add(path, message)
        for child in error.children:
            # Of a list, the number of the item.
            name = str(child.pos) if child.positional else child.node.name
            self.add_all(child, (*path, name))


def read_query(request: Request, schema: colander.SchemaNode, fields: tuple[str, ...]) -> Values:
    """Return the values of the parameters of the address, with the names of ``fields``.

    :param schema: bound.
    :param fields: names that the parameter ``fields`` may contain.
    :raises Problem: 400, with each mistake.
    """
    mistakes = _Mistakes(request, in_body=False)
    given = dict(request.GET)
    for name in {name for name in request.GET if len(request.GET.getall(name)) > 1}:
        mistakes.add((name[:40],), REPEATED)
    shown = given.pop("fields", None) if fields else None
    chosen = _chosen(shown, fields, mistakes) if shown is not None else ()
    cstruct = _mapping(schema, given, (), mistakes, _typed)
    values = _deserialized(schema, cstruct, mistakes)
    if mistakes.found:
        raise Problem(400, _("A parameter of the address is not correct."), errors=mistakes.found)
    return {**values, "fields": chosen}


def read_body(request: Request, schema: colander.SchemaNode) -> Values:
    """Return the values of a JSON body.

    :param schema: bound.
    :raises Problem: 415 for another type, 400 for what is no JSON object, 422 with each mistake.
    """
    if request.content_type != "application/json":
        raise Problem(415, _("Send JSON, with the header Content-Type: application/json."))
    try:
        sent = json.loads(request.body)
    except ValueError:
        raise Problem(400, _("The body is not JSON.")) from None
    mistakes = _Mistakes(request, in_body=True)
    if not isinstance(sent, dict):
        mistakes.add((), NOT_OBJECT)
        raise Problem(422, errors=mistakes.found)
    cstruct = _mapping(schema, sent, (), mistakes, _native)
    values = _deserialized(schema, cstruct, mistakes)
    if mistakes.found:
        raise Problem(422, errors=mistakes.found)
    return values


def _chosen(text: str, known: tuple[str, ...], mistakes: _Mistakes) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if name not in known:
            told = _("There is no field ${name}.", mapping={"name": name[:40]})
            mistakes.add(("fields",), told)
    return names


def _deserialized(schema: colander.SchemaNode, cstruct: object, mistakes: _Mistakes) -> Values:
    wrong = {_first(one) for one in mistakes.found}
    try:
        values: Values = schema.deserialize(cstruct)
    except colander.Invalid as error:
        later = _Mistakes(mistakes._request, in_body=mistakes._in_body)
        later.add_all(error, ())
        # A value of a wrong type is missing for the schema, and so for what contains it: it has been said already.
        mistakes.found += [one for one in later.found if not _is_said(_first(one), wrong)]
        return {}
    return values


def _is_said(place: str, wrong: set[str]) -> bool:
    return any(one == place or one.startswith(f"{place}/") for one in wrong)


def _first(mistake: Mistake) -> str:
    return mistake.get("pointer") or mistake.get("parameter", "")


Convert = Callable[[colander.SchemaNode, object, Fail], object]


def _mapping(
    schema: colander.SchemaNode,
    sent: Mapping[str, object],
    path: tuple[str, ...],
    mistakes: _Mistakes,
    convert: Convert,
) -> dict[str, object]:
    """Return the values that the schema reads; a mistake of a type leaves its value out."""
    nodes = {node.name: node for node in schema.children}
    found: dict[str, object] = {}
    for name, value in sent.items():
        here = (*path, name[:100])
        node = nodes.get(name)
        if node is None:
            mistakes.add(here, UNKNOWN)
        elif value is None:
            found[name] = colander.null
        elif isinstance(node.typ, colander.Mapping):
            if isinstance(value, dict):
                found[name] = _mapping(node, value, here, mistakes, convert)
            else:
                mistakes.add(here, NOT_OBJECT)
        elif isinstance(node.typ, colander.Sequence):
            if isinstance(value, list):
                found[name] = _objects(node, value, here, mistakes, convert)
            else:
                mistakes.add(here, NOT_LIST)
        else:
            failed: list[TranslationString] = []
            converted = convert(node, value, failed.append)
            if failed:
                mistakes.add(here, failed[0])
            else:
                found[name] = converted
    return found


def _objects(
    node: colander.SchemaNode,
    sent: Sequence[object],
    path: tuple[str, ...],
    mistakes: _Mistakes,
    convert: Convert,
) -> list[object]:
    """Return the objects of a list."""
    found: list[object] = []
    most = most_of(node)
    if len(sent) > most:
        mistakes.add(path, _("At most ${count} are allowed here.", mapping={"count": most}))
    for number, value in enumerate(sent[:most]):
        here = (*path, str(number))
        if isinstance(value, dict):
            found.append(_mapping(node.children[0], value, here, mistakes, convert))
        else:
            mistakes.add(here, NOT_OBJECT)
            found.append(colander.null)
    return found


def most_of(node: colander.SchemaNode) -> int:
    """Return how many objects a list may have, which its validator (``colander.Length``) says."""
    return int(node.validator.max)


def _is_empty(node: colander.SchemaNode, value: object) -> bool:
    """Return whether a value is an empty text where none may be."""
    return value == "" and not (isinstance(node.typ, CleanText) and node.typ.min == 0)


def _native(node: colander.SchemaNode, value: object, fail: Fail) -> object:
    """Return a value of a JSON document for its type."""
    typ = node.typ
    if _is_empty(node, value):
        fail(EMPTY)
        return value
    if isinstance(typ, JsonObject):
        if not isinstance(value, dict):
            fail(NOT_OBJECT)
    elif isinstance(typ, ListOf):
        if not isinstance(value, list):
            fail(NOT_LIST)
        elif not all(isinstance(one, str) for one in value):
            fail(NOT_TEXT)
        return value
    elif isinstance(typ, BoundedInt):
        if type(value) is not int:
            fail(NOT_INTEGER)
    elif isinstance(typ, FiniteFloat):
        if type(value) not in (int, float):
            fail(NOT_NUMBER)
    elif isinstance(typ, Flag):
        if type(value) is not bool:
            fail(NOT_FLAG)
    elif not isinstance(value, str):
        fail(NOT_TEXT)
    elif isinstance(typ, CityDate):
        return _date(value, fail)
    return value


def _typed(node: colander.SchemaNode, value: object, fail: Fail) -> object:
    """Return a value of an address for its type."""
    typ, text = node.typ, str(value)
    if _is_empty(node, text):
        fail(EMPTY)
    elif isinstance(typ, ListOf):
        return text.split(",")
    elif isinstance(typ, BoundedInt):
        if _INTEGER.fullmatch(text):
            return int(text)
        fail(NOT_INTEGER)
    elif isinstance(typ, FiniteFloat):
        if _NUMBER.fullmatch(text):
            return float(text)
        fail(NOT_NUMBER)
    elif isinstance(typ, Flag):
        if text in ("true", "false"):
            return text == "true"
        fail(NOT_FLAG)
    elif isinstance(typ, CityDate):
        return _date(text, fail)
    return text


def _date(text: str, fail: Fail) -> object:
    try:
        if len(text) == len("2026-03-21"):
            return date.fromisoformat(text)
    except ValueError:
        pass
    fail(NOT_DATE)
    return colander.null
