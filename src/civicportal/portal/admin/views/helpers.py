"""Helpers of the administration views."""

from collections.abc import Callable, Mapping

from pyramid.httpexceptions import HTTPSeeOther
from translationstring import TranslationString

from civicportal.core.translated import missing_translations
from civicportal.domain.notifications.sms import SmsLength
from civicportal.domain.organization.models import Category, Unit
from civicportal.util.errors import Refused
from civicportal.util.values import Values
from civicportal.web.language import all_languages
from civicportal.web.request import Request

SHORT = 25
"""UTF-16 units of a short name."""


def row_id(request: Request) -> int:
    """Return the id in the URL."""
    return int(request.matchdict["id"])


def press(
    request: Request, act: Callable[[], object], done: TranslationString | None, target: str
) -> HTTPSeeOther:
    """Perform the action of a button or report why not, and redirect.

    :param done: the message on success; none if None.
    """
    try:
        act()
    except Refused as refusal:
        request.session.flash(request.translate(refusal.reason), "bad")
    else:
        if done:
            request.session.flash(request.translate(done), "good")
    return HTTPSeeOther(target)


def lacking(request: Request, table: str) -> dict[int, list[str]]:
    """Return the names of the languages into which a row of a table is not translated, by id."""
    connection, found = request.work.session.connection(), dict[int, list[str]]()
    for code, language in all_languages(request.site):
        missing = missing_translations(request.site, connection, code)
        for row_id in dict.fromkeys(one.row_id for one in missing if one.place == table):
            if row_id is not None:
                found.setdefault(row_id, []).append(language)
    return found


def translations(found: Unit | Category | None, texts: Mapping[str, Values]) -> dict[str, Values]:
    """Return the column ``translations`` with the texts of a form; a short name is made where none was written."""
    own = {
        code: {"short_name": SmsLength.cut(of_language["name"], SHORT), **of_language}
        if "name" in of_language
        else of_language
        for code, of_language in texts.items()
    }
    return {**(found.translations if found else {}), **own}
