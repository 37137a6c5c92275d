"""Conversion of a case to another kind."""

from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.core.work import Service
from civicportal.domain.cases.attachments import AttachmentService, PictureFiles
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import CONVERTED, Case, CaseEvent, CaseLink
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.steps import StepService
from civicportal.util.errors import Forbidden, NotFound
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.security import Identity
    from civicportal.core.site import Site
    from civicportal.core.work import Work
    from civicportal.domain.cases.workflow import CaseKind


class ConversionService(Service):
    """Convert a case to a case of another kind."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.cases = work.get(CaseService)

    @staticmethod
    def copy_pictures(site: "Site", actor: "Identity", code: str, owner: str) -> list[str]:
        """Copy the initial pictures of a case.

        The files are copied outside any transaction, so before ``request.work`` is used; each attachment has its own.

        :param owner: who may claim them, see :class:`~civicportal.domain.cases.attachments.AttachmentService`.
        :returns: their keys, in order.
        """
        with site.work(actor=actor, write=False) as work:
            case = work.get(CaseService).fetch(code)
            photos = [one for one in work.get(AttachmentService).of_case(case) if one.purpose == "before"]
        keys = [PictureFiles(site).copy(photo.key) for photo in photos]
        with site.work(actor=actor) as work:
            for key, photo in zip(keys, photos, strict=True):
                work.get(AttachmentService).duplicate(photo, key, owner)
        return keys

    def targets(self, case: Case) -> "list[CaseKind]":
        """Return the kinds to which the actor may convert a case now."""
        name = self.cases.kind(case).handover
        possible = {step.transition.name for step in self.cases.steps(case) if not step.reason}
        if name not in possible:
            return []
        kinds = kinds_of(self.work.site).values()
        return [kind for kind in kinds if kind.name != case.kind and self._may_make(kind)]

    def source(self, code: str, target: "CaseKind", *, lock: bool = False) -> Case:
        """Return a case that the actor may convert.

        :raises NotFound: when there is none, or the actor may not know of it.
        :raises Forbidden: without the right to close it, or to register cases of the other kind.
        :raises UnknownTransition: when it is closed already.
        :raises Refused: when a guard refuses, for instance because of an open inquiry.
        """
        case = self.cases.fetch(code, lock=lock)
        name = self.cases.kind(case).handover
        if name is None or case.kind == target.name:
            raise NotFound(f"a case of {case.kind} becomes no case of {target.name}")
        if not self._may_make(target):
            raise Forbidden(f"may not register {target.name}")
        self.work.get(StepService).permitted(case, name)
        return case

    def finish(self, case: Case, made: Case, *, version: int | None = None) -> CaseEvent:
        """Close a converted case.

        Its citizen is notified of the new one only.

        :param version: of the case, from the form.
        :raises StaleVersion: when the case was changed since the form was made.
        """
        translate = self.work.site.localizer().translate
        title = translate(self.cases.kind(made).title)
        self.session.add(
            CaseLink(from_id=case.id, to_id=made.id, type=CONVERTED, created_at=self.work.clock.now())
        )
        return self.cases.apply(
            case,
            str(self.cases.kind(case).handover),
            version=version,
            public_text=translate(_("It goes on as: ${service}", mapping={"service": title})),
            data={CONVERTED: made.code},
            notify=False,
        )

    def successor(self, case: Case) -> Case | None:
        """Return the case to which this one was converted, if any."""
        query = (
            select(Case)
            .join(CaseLink, CaseLink.to_id == Case.id)
            .where(CaseLink.from_id == case.id, CaseLink.type == CONVERTED)
        )
        return self.session.scalar(query)

    def chain(self, case: Case) -> list[Case]:
        """Return the chain of cases to which this one was converted."""
        found: list[Case] = []
        following = self.successor(case)
        while following is not None:
            found.append(following)
            following = self.successor(following)
        return found

    def _may_make(self, kind: "CaseKind") -> bool:
        return kind.made_from_case is not None and self.work.actor.permits(kind.permission("register"))
