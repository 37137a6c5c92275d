"""Links between two cases: rights, titles, history and undo."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import IntegrityError
from translationstring import TranslationString

from civicportal.core.work import Service, Work
from civicportal.domain.cases.access.rights import AccessService, visible
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.errors import CannotUndo, Refused
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case, CaseEvent, CaseLink
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.steps import StepService
from civicportal.domain.cases.workflow import LinkKind
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _

LINKED, UNLINKED = "linked", "unlinked"
"""Types of events. The event of the first case has ``to`` in its data, that of the other case ``from``: a tracking
code.
"""
CORE_KINDS = (
    LinkKind(name="duplicate", title=_("Duplicate"), back=_("Duplicate")),
    LinkKind(name="follow_up", title=_("Follow-up case"), back=_("Where it came from")),
    LinkKind(name="converted", title=_("It goes on here"), back=_("What it was made from")),
)


@dataclass(frozen=True, kw_only=True)
class LinkedCase:
    """The other end of a link.

    :ivar title: what the other case is to this one.
    :ivar forward: whether the link leads from this case to the other.
    """

    name: str
    title: TranslationString
    case: Case
    forward: bool


class LinkService(Service):
    """Link cases and remove links.

    Both cases get an event, and the change can be undone like a transition.
    """

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.cases = work.get(CaseService)

    def of(self, case: Case) -> list[LinkedCase]:
        """Return the linked cases that the actor may see, oldest link first."""
        ends = (CaseLink.from_id == case.id, CaseLink.to_id == case.id)
        links = self.session.scalars(select(CaseLink).where(or_(*ends)).order_by(CaseLink.id)).all()
        ids = {id_ for link in links for id_ in (link.from_id, link.to_id)} - {case.id}
        query = select(Case).where(Case.id.in_(ids), visible(self.work.actor))
        others = {other.id: other for other in self.session.scalars(query)} if ids else {}
        return list(self._seen_from(case, links, others))

    def link(self, case: Case, other: Case, name: str) -> CaseEvent:
        """Link a case to another one.

        :param name: of a kind of link that the first case's kind has in ``CaseKind.links``.
        :raises ValueError: when it has none of this name.
        :raises Forbidden: without the right to work on the first case.
        :raises NotFound: without the right to see the other one.
        :raises Refused: when the cases are the same, or linked in this way already.
        """
        self._check(case, other, name)
        if case.id == other.id:
            raise Refused(_("A case cannot be linked with itself."))
        return self._change(case, other, name, LINKED)

    def unlink(self, case: Case, other: Case, name: str) -> CaseEvent:
        """Remove a link.

        :raises ValueError: see :meth:`link`.
        :raises Forbidden: see :meth:`link`.
        :raises NotFound: without the right to see the other case, or when there is no such link.
        """
        self._check(case, other, name)
        return self._change(case, other, name, UNLINKED)

    def reverse(self, case: Case, event: CaseEvent) -> None:
        """Undo the link change of an event.

        The other case gets an event, this one gets its own from the caller.

        :raises CannotUndo: when the other case does not exist any more, or its links have changed since.
        """
        data = event.data
        other = self.session.scalar(select(Case).where(Case.code == data["to"]).with_for_update())
        if other is None:
            raise CannotUndo("the other case is gone")
        how = UNLINKED if event.type == LINKED else LINKED
        try:
            self._write(case, other, data["link"], how)
        except (NotFound, Refused) as error:
            raise CannotUndo("the links have changed since") from error
        self.cases.record(other, how, data={"link": data["link"], "from": case.code})

    def title(self, event: CaseEvent) -> TranslationString:
        """Return the title of an event of type ``linked`` or ``unlinked``."""
        data = event.data
        kind = self._kind(data.get("link", ""))
        title = kind.title if "to" in data else kind.back
        mapping = {"title": title, "code": data.get("to") or data.get("from") or ""}
        if event.type == LINKED:
            return _("Linked: ${title} ${code}", mapping=mapping)
        return _("Link removed: ${title} ${code}", mapping=mapping)

    def _change(self, case: Case, other: Case, name: str, how: str) -> CaseEvent:
        with self.work.savepoint():
            self._write(case, other, name, how)
            # Not the columns of the case, which the change leaves as they are, but a mark that it can be undone.
            event = self.cases.record(case, how, data={"link": name, "to": other.code, "undo": {}})
            self.cases.record(other, how, data={"link": name, "from": case.code})
            self.work.relay(CaseChange(case=case, event=event, kind=self.cases.kind(case), notify=False))
        return event

    def _write(self, case: Case, other: Case, name: str, how: str) -> None:
        link = self.session.scalar(select(CaseLink).where(*_between(case, other, name)))
        if how == UNLINKED:
            if link is None:
                raise NotFound("no such link")
            self.session.delete(link)
        elif link is not None:
            raise Refused(_("These cases are linked already."))
        else:
            now = self.work.clock.now()
            self.session.add(CaseLink(from_id=case.id, to_id=other.id, type=name, created_at=now))
        try:
            self.session.flush()
        except IntegrityError as error:
            # The same form arrived twice at one moment.
            raise Refused(_("These cases are linked already.")) from error

    def _check(self, case: Case, other: Case, name: str) -> None:
        kind = self.cases.kind(case)
        if name not in [one.name for one in kind.links]:
            raise ValueError(f"CaseKind.links of {kind.name!r} has no kind of link {name!r}")
        self.work.get(StepService).require_work(case)
        if not self.work.get(AccessService).can(other, "view"):
            raise NotFound("no such case")

    def _seen_from(
        self, case: Case, links: Iterable[CaseLink], others: dict[int, Case]
    ) -> Iterator[LinkedCase]:
        for link in links:
            forward = link.from_id == case.id
            other = others.get(link.to_id if forward else link.from_id)
            if other is not None:
                kind = self._kind(link.type)
                title = kind.title if forward else kind.back
                yield LinkedCase(name=link.type, title=title, case=other, forward=forward)

    def _kind(self, name: str) -> LinkKind:
        """Return a kind of link, a neutral one if its plugin is disabled."""
        known = (*CORE_KINDS, *(one for kind in kinds_of(self.work.site).values() for one in kind.links))
        unknown = LinkKind(name=name, title=_("Linked"), back=_("Linked"))
        return next((one for one in known if one.name == name), unknown)


def _between(case: Case, other: Case, name: str) -> tuple[ColumnElement[bool], ...]:
    return (CaseLink.from_id == case.id, CaseLink.to_id == other.id, CaseLink.type == name)
