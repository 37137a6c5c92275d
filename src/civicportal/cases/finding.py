"""Where a search box leads: to one case, to the cases of a citizen, or to a list of what words find."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPSeeOther
from sqlalchemy import select

from civicportal.access import visible
from civicportal.accounts.models import User
from civicportal.cases import tracking
from civicportal.cases.models import Case
from civicportal.countries import InvalidMobile, is_national_code
from civicportal.forms import HiddenWidget
from civicportal.forms.filters import with_query
from civicportal.i18n import InvalidInput, _
from civicportal.schema import CleanText, Node, RowId, StrictSchema
from civicportal.web.request import Request

if TYPE_CHECKING:
    from civicportal.work import Work

LONGEST_SEARCH = 100
TYPED = "typed"
"""Queue of the next page for a number that is nobody's: shown there once, it stands in no address."""


class SearchFields(StrictSchema):
    """What :func:`search_list` leaves in the address of a list; the box above it shows it."""

    words = Node(CleanText(0, LONGEST_SEARCH), title=_("Search"), missing="", widget=HiddenWidget())
    citizen = Node(RowId(), title=_("Cases of one citizen"), missing=None, widget=HiddenWidget())


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was typed into a search box; words, or one of the two others: some numbers of people may be tracking codes too.

    :ivar citizen: 0 for a number that belongs to nobody whom the actor may look for; None for what is no number of a person.
    """

    code: str | None = None
    citizen: int | None = None
    words: str = ""


class FindService:
    """Reads search boxes."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session

    def read(self, text: str) -> Found:
        """Read a code, a mobile, or words.

        A mobile finds only those whose case the actor may see with its contact, a national code nobody.
        """
        code, citizen = _tracking_code(text), self._citizen(text)
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
        """Return whether there is such a case for the actor."""
        query = select(Case.id).where(Case.code == code, visible(self.work.actor))
        return self.session.scalar(query) is not None


def _tracking_code(text: str) -> str | None:
    try:
        return tracking.normalize(text)
    except InvalidInput:
        return None


def typed_search(request: Request) -> str:
    """Return what was sent by a search box."""
    text: str = request.POST.get("q", "")
    return text[:LONGEST_SEARCH].strip()


def way_to_case(request: Request, found: Found) -> HTTPSeeOther | None:
    """Return the way to the case whose code was typed, whatever it is about; None for one that the actor does not see."""
    if found.code and request.work.get(FindService).sees(found.code):
        return HTTPSeeOther(request.route_path("kartable.case", code=found.code))
    return None


def filters_found(request: Request, found: Found, words: str) -> dict[str, str]:
    """Return what a search leaves in the address of a list. Numbers of people stand in no address.

    :param found: no case that the actor sees has its code.
    :param words: name of the filter that takes words.
    """
    # Of the numbers of people that are typed with ten digits, one in ten has the check digit of a tracking code too.
    if found.citizen is None:
        return {words: found.words or found.code or ""}
    if not found.citizen:
        request.session.flash(typed_search(request), TYPED)
    return {"citizen": str(found.citizen)}


def typed_number(request: Request) -> str:
    """Return the number that a search has just found to be nobody's, once; empty for none."""
    typed: list[str] = request.session.pop_flash(TYPED)
    return typed[-1] if typed else ""


def search_list(
    request: Request,
    route: str,
    *,
    anchor: str = "",
    people: Mapping[str, Callable[[str], str]] | None = None,
) -> HTTPSeeOther:
    """Answer the search box of a desk, whose list has the filters ``words`` and ``citizen`` and keeps its others.

    :param route: of the list.
    :param anchor: id of the list on its page, where other things stand above it.
    :param people: by names of further filters what finds, in what was typed, people whom only the plugin knows; empty for nobody.
    """
    text, ways = typed_search(request), people or {}
    found = request.work.get(FindService).read(text)
    if case := way_to_case(request, found):
        return case
    replaced = ("words", "citizen", "cursor", *ways)
    kept = {name: value for name, value in request.GET.items() if name not in replaced}
    known = {name: value for name, find in ways.items() if (value := find(text))}
    parts = {**kept, **(known or filters_found(request, found, "words"))}
    return HTTPSeeOther(with_query(request.route_path(route), parts) + (f"#{anchor}" if anchor else ""))
