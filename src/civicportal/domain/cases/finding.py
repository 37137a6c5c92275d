"""Search boxes: cases, citizens and lists of matches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyramid.httpexceptions import HTTPSeeOther
from sqlalchemy import select

from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.references import ReferenceService
from civicportal.util import tracking
from civicportal.util.countries import InvalidMobile, is_national_code
from civicportal.util.i18n import InvalidInput, _
from civicportal.web.forms import HiddenWidget
from civicportal.web.forms.filters import with_query
from civicportal.web.request import Request
from civicportal.web.schema import CleanText, Node, RowId, StrictSchema

LONGEST_SEARCH = 100
TYPED = "typed"
"""Flash queue for a number without a match: shown once, never part of an address."""


class SearchFields(StrictSchema):
    """Filters that :func:`search_list` puts into a list's URL."""

    words = Node(CleanText(0, LONGEST_SEARCH), title=_("Search"), missing="", widget=HiddenWidget())
    citizen = Node(RowId(), title=_("Cases of one citizen"), missing=None, widget=HiddenWidget())


@dataclass(frozen=True, kw_only=True)
class Found:
    """A parsed search.

    :ivar citizen: 0 for a number of no one whom the actor may find; None if it is not a person's number.
    """

    code: str | None = None
    citizen: int | None = None
    words: str = ""


class FindService(Service):
    """Parse search boxes."""

    def read(self, text: str) -> Found:
        """Parse a code, a mobile, or words.

        The code of an earlier system becomes that of the case, if the actor sees one case with it. A mobile finds only citizens of cases whose contact the actor may see, a national code no one.
        """
        code, citizen = _tracking_code(text), self._citizen(text)
        if not citizen and any(sign.isdigit() for sign in text) and not (code and self.sees(code)):
            earlier = self.work.get(ReferenceService).seen(text)
            code, citizen = (earlier, None) if earlier else (code, citizen)
        is_number = code is not None or citizen is not None
        return Found(code=code, citizen=citizen, words="" if is_number else text.strip())

    def _citizen(self, text: str) -> int | None:
        country = self.work.site.country
        try:
            mobile = country.normalize_mobile(text)
        except InvalidMobile:
            return 0 if is_national_code(country, text) else None
        known = visible(self.work.actor, "contact")
        query = select(User.id).join(Case, Case.citizen_id == User.id).where(User.mobile == mobile, known)
        return self.session.scalar(query.limit(1)) or 0

    def sees(self, code: str) -> bool:
        """Return whether the actor may see a case with this code."""
        query = select(Case.id).where(Case.code == code, visible(self.work.actor))
        return self.session.scalar(query) is not None


def _tracking_code(text: str) -> str | None:
    try:
        return tracking.normalize(text)
    except InvalidInput:
        return None


def typed_search(request: Request) -> str:
    """Return the submitted text of a search box."""
    text: str = request.POST.get("q", "")
    return text[:LONGEST_SEARCH].strip()


def redirect_to_case(request: Request, found: Found) -> HTTPSeeOther | None:
    """Return the redirect to the case with the typed code.

    It is None if the actor does not see it.
    """
    if found.code and request.work.get(FindService).sees(found.code):
        return HTTPSeeOther(request.route_path("kartable.case", code=found.code))
    return None


def filters_found(request: Request, found: Found, words: str) -> dict[str, str]:
    """Return the filters of a search for the list's URL, without numbers of people.

    :param found: no case that the actor sees has its code.
    :param words: name of the filter for words.
    """
    # One in ten ten-digit numbers of people also has the check digit of a tracking code.
    if found.citizen is None:
        return {words: found.words or found.code or ""}
    if not found.citizen:
        request.session.flash(typed_search(request), TYPED)
    return {"citizen": str(found.citizen)}


def typed_number(request: Request) -> str:
    """Return the number that the previous search did not find, once.

    It is empty if there is none.
    """
    typed: list[str] = request.session.pop_flash(TYPED)
    return typed[-1] if typed else ""


def search_list(
    request: Request,
    route: str,
    *,
    anchor: str = "",
    people: Mapping[str, Callable[[str], str]] | None = None,
) -> HTTPSeeOther:
    """Answer the search box of a list.

    The list has the filters ``words`` and ``citizen``; its other filters are kept.

    :param route: of the list.
    :param anchor: id of the list on a page that has other content above it.
    :param people: functions by name of further filters that find people known to the plugin only.
    """
    text, ways = typed_search(request), people or {}
    found = request.work.get(FindService).read(text)
    if case := redirect_to_case(request, found):
        return case
    replaced = ("words", "citizen", "cursor", *ways)
    kept = {name: value for name, value in request.GET.items() if name not in replaced}
    known = {name: value for name, find in ways.items() if (value := find(text))}
    parts = {**kept, **(known or filters_found(request, found, "words"))}
    return HTTPSeeOther(with_query(request.route_path(route), parts) + (f"#{anchor}" if anchor else ""))
