"""Pictures of cases: stored when uploaded, claimed when the case or the event is written."""

from collections.abc import Collection, Container, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, or_, select, update

from civicportal.core.storage import VARIANTS, FileMissing, new_key, process_image, scaled, store_variant
from civicportal.core.work import Service
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.errors import AttachmentNotFound
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import (
    CALLED,
    CONTRACTED,
    JOB_DONE,
    JOB_REFUSED,
    Attachment,
    Case,
    CaseEvent,
)
from civicportal.util.errors import NotFound

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.storage import ProcessedImage
    from civicportal.core.work import Work

UNCLAIMED = timedelta(hours=24)
MOST = 4
"""Maximum number of pictures per case or transition."""


class PictureFiles:
    """Files of pictures in the store, each in several sizes.

    They are written before any row and outside any transaction, and deleted after their rows: cleanup finds orphaned
    files, orphaned rows it does not.
    """

    def __init__(self, site: "Site") -> None:
        self.storage = site.storage

    @staticmethod
    def process(data: bytes) -> "ProcessedImage":
        """Decode a picture in a child process.

        :returns: the picture upright, in the stored sizes, without metadata.
        :raises Refused: (``ImageRefused``) when it is no picture, too large or damaged.
        """
        return process_image(data)

    def put(self, image: "ProcessedImage") -> str:
        """Store both sizes of a picture under a new key."""
        key = new_key()
        self.storage.put(key, image.large)
        self.storage.put(f"{key}.small", image.small)
        return key

    def put_size(self, key: str, name: str, side: int) -> bool:
        """Store a further size of a picture.

        :returns: False if there is no such picture.
        :param name: of the size, one of the known ones.
        :param side: its longer side in pixels.
        """
        try:
            store_variant(self.storage, key, name, side)
        except FileMissing:
            return False
        return True

    def copy(self, key: str) -> str:
        """Copy both sizes of a picture to a new key."""
        copied = new_key()
        for ending in ("", ".small"):
            with self.storage.open(f"{key}{ending}") as file:
                self.storage.put(f"{copied}{ending}", file)
        return copied

    def read(self, key: str, size: str = "large") -> bytes:
        """Return the file of a size, else the large one.

        :raises NotFound: when there is neither.
        """
        for name in (key if size == "large" else f"{key}.{size}", key):
            try:
                with self.storage.open(name) as file:
                    body: bytes = file.read()
                    return body
            except FileMissing:
                continue
        raise NotFound("the file is gone")

    def drop(self, keys: Iterable[str]) -> None:
        """Delete pictures in every size."""
        for key in keys:
            for name in (key, *(f"{key}.{variant}" for variant in VARIANTS)):
                self.storage.delete(name)

    @staticmethod
    def scaled(width: int, height: int, side: int) -> tuple[int, int]:
        """Return the size (px) of a scaled-down picture."""
        return scaled(width, height, side)


class LoadedPictures(Service):
    """The pictures that a unit of work has read.

    :ivar by_case: all of a case, oldest first, by its id.
    """

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.by_case: dict[int, Sequence[Attachment]] = work.memo()


class AttachmentService(Service):
    """Manage rows of pictures.

    ``owner`` is the hash of the session or visitor token that uploaded them.
    """

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self._of_case = work.get(LoadedPictures).by_case

    def add(self, key: str, image: "ProcessedImage", owner: str) -> Attachment:
        """Add an uploaded picture with stored files.

        It can be claimed for 24 hours.
        """
        attachment = Attachment(
            key=key,
            owner=owner,
            user_id=self.work.actor.user_id,
            content_type=image.content_type,
            width=image.width,
            height=image.height,
            size=len(image.large),
            sha256=image.sha256,
            created_at=self.work.clock.now(),
        )
        self.session.add(attachment)
        self.session.flush()
        return attachment

    def duplicate(self, attachment: Attachment, key: str, owner: str) -> Attachment:
        """Add a copied picture with stored files."""
        copy = Attachment(
            key=key,
            owner=owner,
            user_id=self.work.actor.user_id,
            created_at=self.work.clock.now(),
            **{
                name: getattr(attachment, name)
                for name in ("content_type", "width", "height", "size", "sha256")
            },
        )
        self.session.add(copy)
        self.session.flush()
        return copy

    def unclaimed(self, keys: Sequence[str], owner: str) -> list[Attachment]:
        """Return the owner's unclaimed pictures among the keys, in their order."""
        rows = self.session.scalars(
            select(Attachment).where(
                Attachment.key.in_(keys), Attachment.owner == owner, Attachment.case_id.is_(None)
            )
        )
        return sorted(rows, key=lambda row: keys.index(row.key))

    def claim(
        self, keys: Sequence[str], owner: str, case: Case, event: CaseEvent, *, purpose: str = "before"
    ) -> None:
        """Bind pictures to a case and to the event they came with.

        The uploading browser is removed. Pictures of a new case belong to its citizen, to no one if it is anonymous; those of a
        follower are never published, and its citizen does not see them.

        :raises AttachmentNotFound: when one is missing, not the owner's, or already claimed.
        """
        if not keys:
            return
        if not owner:
            # Pictures of the site itself, such as those of announcements, have no owner.
            raise AttachmentNotFound
        self._of_case.pop(case.id, None)
        claimed = self.session.scalars(
            update(Attachment)
            .where(
                Attachment.key.in_(keys),
                Attachment.owner == owner,
                Attachment.case_id.is_(None),
            )
            .values(
                case_id=case.id,
                event_id=event.id,
                owner="",
                user_id=case.citizen_id
                if purpose == "before" and not _is_of_another(event)
                else self.work.actor.user_id,
                purpose=purpose,
                audience=_first_audience(case, event),
            )
            .returning(Attachment.id)
            .execution_options(synchronize_session=False)
        ).all()
        if len(claimed) != len(set(keys)):
            raise AttachmentNotFound

    def adopt(self, keys: Sequence[str], owner: str) -> list[Attachment]:
        """Claim pictures for an object that is not a case, and that alone shows them.

        :returns: the pictures in the order of their keys.
        :raises AttachmentNotFound: when one is missing, not the owner's, or already claimed.
        """
        found = self.unclaimed(keys, owner) if keys else []
        if len(found) != len(set(keys)):
            raise AttachmentNotFound
        for attachment in found:
            attachment.owner, attachment.user_id = "", None
        self.session.flush()
        return found

    def discard(self, ids: Collection[int]) -> list[str]:
        """Release adopted pictures; cleanup deletes their files, or :meth:`PictureFiles.drop` after the commit.

        :returns: their keys.
        """
        adopted = (Attachment.id.in_(ids), Attachment.case_id.is_(None), Attachment.owner == "")
        gone = delete(Attachment).where(*adopted).returning(Attachment.key)
        return list(self.session.scalars(gone.execution_options(synchronize_session=False)))

    def hand_over(self, old: str, new: str) -> None:
        """Transfer unclaimed pictures to another owner, whose session has a new token."""
        self.session.execute(
            update(Attachment)
            .where(Attachment.owner == old, Attachment.case_id.is_(None))
            .values(owner=new)
            .execution_options(synchronize_session=False)
        )

    def fetch(self, key: str, owner: str, proved: Container[str] = ()) -> tuple[Attachment, str]:
        """Return a visible picture and its case's tracking code.

        The code is empty while the picture is unclaimed.

        Its uploader sees it until a case claims it; then access to it is access to its case: the citizen,
        staff whose memberships cover it, everyone once it is published, and, unless the pictures are private documents,
        browsers that have verified the tracking code.

        :param proved: tracking codes that this browser has verified.
        :raises NotFound: when there is none, or the actor may not know of it.
        """
        actor = self.work.actor
        of_citizen = Attachment.audience.in_(("citizen", "public"))
        open_kinds = [kind.name for kind in kinds_of(self.work.site).values() if not kind.papers]
        rights = [
            and_(Case.public, Attachment.audience == "public"),
            and_(Case.id.is_not(None), visible(actor)),
        ]
        if owner:
            rights.append(and_(Attachment.case_id.is_(None), Attachment.owner == owner))
        if proved and self._code_of(key) in proved:
            rights.append(and_(of_citizen, Case.kind.in_(open_kinds)))
        if actor.is_citizen:
            rights.append(and_(Case.citizen_id == actor.user_id, of_citizen))
            # What a follower has sent themselves.
            of_other = and_(Case.id.is_not(None), Case.citizen_id.is_distinct_from(actor.user_id))
            rights.append(and_(of_other, Attachment.user_id == actor.user_id, Attachment.purpose == "before"))
        query = (
            select(Attachment, Case.code)
            .outerjoin(Case, Case.id == Attachment.case_id)
            .where(Attachment.key == key, or_(*rights))
        )
        row = self.session.execute(query).one_or_none()
        if row is None:
            raise NotFound("no such picture")
        return row[0], row[1] or ""

    def _code_of(self, key: str) -> str | None:
        query = select(Case.code).join(Attachment, Attachment.case_id == Case.id).where(Attachment.key == key)
        return self.session.scalar(query)

    def of_case(self, case: Case) -> Sequence[Attachment]:
        """Return the pictures of a case, oldest first."""
        if case.id not in self._of_case:
            query = select(Attachment).where(Attachment.case_id == case.id).order_by(Attachment.id)
            self._of_case[case.id] = self.session.scalars(query).all()
        return self._of_case[case.id]

    def load(self, cases: Iterable[Case]) -> None:
        """Load the pictures of many cases in one statement."""
        found: dict[int, list[Attachment]] = {case.id: [] for case in cases if case.id not in self._of_case}
        query = select(Attachment).where(Attachment.case_id.in_(list(found))).order_by(Attachment.id)
        for picture in self.session.scalars(query) if found else ():
            if picture.case_id is not None:
                found[picture.case_id].append(picture)
        self._of_case.update(found)

    def set_public(self, case: Case, public: bool) -> None:
        """Publish or hide the case's pictures, except internal ones of staff.

        They are visible to everyone only while the case itself is public: ``CaseService.publish`` sets both.
        """
        self._of_case.pop(case.id, None)
        self.session.execute(
            update(Attachment)
            .where(Attachment.case_id == case.id, Attachment.audience != "staff")
            .values(audience="public" if public else "citizen")
            .execution_options(synchronize_session=False)
        )

    def show_with(self, case: Case, event_ids: Collection[int], event: CaseEvent) -> None:
        """Show internal pictures of earlier events of a case with a public event."""
        self._of_case.pop(case.id, None)
        self.session.execute(
            update(Attachment)
            .where(Attachment.case_id == case.id, Attachment.event_id.in_(event_ids))
            .values(event_id=event.id, audience="public" if case.public else "citizen")
            .execution_options(synchronize_session=False)
        )

    def remove(self, key: str, owner: str) -> None:
        """Remove an unclaimed picture; cleanup deletes its files."""
        self.session.execute(
            delete(Attachment).where(
                Attachment.key == key, Attachment.owner == owner, Attachment.case_id.is_(None)
            )
        )


def _is_of_another(event: CaseEvent) -> bool:
    """Return whether the pictures of an event come from a follower, a further caller, or a contractor."""
    return event.is_by_follower or event.type in (CALLED, CONTRACTED)


def _first_audience(case: Case, event: CaseEvent) -> str:
    if _is_of_another(event) or event.type in (JOB_DONE, JOB_REFUSED):
        return "staff"
    # Pictures that a citizen adds to a published case wait for an officer, as the first ones did.
    return "public" if case.public and event.realm != "citizen" else "citizen"
