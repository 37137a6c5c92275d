"""What bodies of units, categories and questions share: own keys, positions, texts in further languages."""

import re
from collections.abc import Iterable, Mapping, Sequence

import colander

from civicportal.core.work import Work
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.questionnaires.models import CategoryQuestion, QuestionChoice
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.rest.operations import Call
from civicportal.web.schema import BoundedInt, CleanText, Node, StrictSchema

READ, WRITE = "organization:read", "organization:write"
KEY = "{key:[A-Za-z0-9_-]{1,40}}"
LAST = 9999
"""Highest position that a body may contain."""
_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)


def _is_key(node: colander.SchemaNode, value: str) -> None:
    if not _KEY.fullmatch(value):
        raise colander.Invalid(node, _("A key has Latin letters, digits, hyphens and underscores only."))


def own_key() -> Node:
    """Return the field of a key that the caller chooses for a new thing."""
    return Node(
        CleanText(1, 40),
        title=_("Its key, which never changes"),
        description=_("Made by the portal if it is left out"),
        missing="",
        validator=_is_key,
    )


class PositionInOrder(StrictSchema):
    """The place of a thing in its order."""

    position = Node(BoundedInt(1, LAST), title=_("Position in its order; 1 is the first"))


class TranslatedBody(StrictSchema):
    """Base of bodies with texts in the site's further languages, bound with :func:`further_languages`.

    :cvar translated: names of the fields with texts.
    """

    translated: tuple[str, ...] = ()

    def after_bind(self, node: colander.SchemaNode, bindings: Values) -> None:
        """Add the field ``translations``: for each language the texts that may be left out."""
        group = _group("translations", _("Texts of the site's further languages"))
        for code in bindings["languages"]:
            texts = _group(code)
            for name in self.translated:
                text = node[name].clone()
                text.missing, text.description = () if text.missing == () else "", None
                texts.add(text)
            group.add(texts)
        node.add(group)


def _group(name: str, title: str = "") -> colander.SchemaNode:
    return StrictSchema(name=name, title=title, missing=None)


def further_languages(work: Work) -> dict[str, Sequence[str]]:
    """Return the site's languages besides its own, as a binding of :class:`TranslatedBody`."""
    return {"languages": _further(work)}


def _further(work: Work) -> list[str]:
    return [code for code in work.site.languages if code != work.site.locale]


def sent_translations(call: Call, body: Values | None = None) -> dict[str, Values]:
    """Return the texts of a body by language; those that were left out are missing.

    :param body: a part of the body of the call; all of it by default.
    """
    sent = (call.body if body is None else body)["translations"] or {}
    return {
        code: {name: text for name, text in (sent.get(code) or {}).items() if text}
        for code in _further(call.work)
    }


def shown_translations(
    call: Call, row: Unit | Category | CategoryQuestion | QuestionChoice, names: Iterable[str]
) -> dict[str, dict[str, object]]:
    """Return the texts of a row in the site's further languages."""
    kept: Mapping[str, Values] = row.translations
    return {
        code: {name: kept[code][name] for name in names if kept[code].get(name)}
        for code in _further(call.work)
        if code in kept
    }


def chosen_unit(call: Call, name: str, units: Iterable[Unit]) -> Unit | None:
    """Return the unit that a field of the body names by its key, None without one.

    :param units: those that may be named.
    :raises Problem: 422 when it is none of them.
    """
    key = call.body[name]
    if key is None:
        return None
    for unit in units:
        if unit.key == key:
            return unit
    raise call.wrong_field(f"#/{name}", _("There is no unit with this key that takes cases."))
