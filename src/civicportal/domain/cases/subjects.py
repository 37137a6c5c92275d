"""Generated subjects of cases in the language of the reader.

A subject is stored in the language of the site. One that begins with the name of a category, or with another text that
its kind generates, is shown with that text in the reader's language; what people wrote stays as it is.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from jinja2 import pass_context
from jinja2.runtime import Context
from pyramid.threadlocal import get_current_request

from civicportal.core.work import Service
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work

ISOLATED = "\N{FIRST STRONG ISOLATE}{}\N{POP DIRECTIONAL ISOLATE}"
"""Keeps a name of another script from changing the order of the words around it."""


class WithSubject(Protocol):
    """A case, or a row with its kind and subject."""

    kind: str
    subject: str


class SubjectService(Service):
    """Subjects in the language of the unit of work."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self._texts: dict[str, dict[str, str]] = {}

    def of(self, case: WithSubject) -> str:
        """Return the subject of a case."""
        site, locale = self.work.site, self.work.locale
        if locale == site.locale:
            return case.subject
        comma = site.localizer().translate(_(", "))
        head, found, rest = case.subject.partition(comma)
        known = self._known(case.kind)
        if case.subject in known:
            return known[case.subject]
        if not found or head not in known:
            return case.subject
        return known[head] + site.localizer(locale).translate(_(", ")) + ISOLATED.format(rest)

    def _known(self, kind: str) -> dict[str, str]:
        if kind not in self._texts:
            stored, shown = (
                self._generated(kind, locale) for locale in (self.work.site.locale, self.work.locale)
            )
            self._texts[kind] = dict(zip(stored, shown, strict=True))
        return self._texts[kind]

    def _generated(self, name: str, locale: str) -> Sequence[str]:
        kind = kinds_of(self.work.site).get(name)
        if kind is not None and kind.subjects is not None:
            return kind.subjects(self.work, locale)
        tree = self.work.get(OrganizationService).categories_in(locale)
        return [category.name for category in tree.by_id.values() if category.kind == name]


@pass_context
def subject(context: Context, case: WithSubject) -> str:
    """Return the subject of a case in the language of the page."""
    request = context.get("request") or get_current_request()
    work = getattr(request, "display_work", None) or request.work
    return str(work.get(SubjectService).of(case))
