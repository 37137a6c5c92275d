"""Helpers of the administration views."""

from collections.abc import Mapping

from civicportal.core.translated import missing_translations
from civicportal.domain.notifications.sms import SmsLength
from civicportal.domain.organization.models import Category, Unit
from civicportal.util.values import Values
from civicportal.web.language import all_languages
from civicportal.web.request import Request

SHORT = 25
"""UTF-16 units of a short name."""


def row_id(request: Request) -> int:
    """Return the id in the URL."""
    return int(request.matchdict["id"])


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
