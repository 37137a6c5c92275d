"""Marks of a portal: writing and comparing.

The id is created at the first start, or at the first upgrade to code with marks. A restored backup
gets a new id (:func:`renew`), so a drill or a staging portal is never confused with the one it was copied from.
"""

import json
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Executable, delete, inspect, select, update
from sqlalchemy.exc import OperationalError

from civicportal.core.checks import Finding
from civicportal.core.site import Ownership
from civicportal.core.storage import IFileStorage, StorageUnavailable, StoreMark, StoreRefused
from civicportal.core.storage.apart import in_child
from civicportal.domain.audit.seals import SealService
from civicportal.domain.cases.models import Attachment
from civicportal.domain.ownership.errors import OwnershipMismatch
from civicportal.domain.ownership.models import COPYING, ID, MOVED, PII_KEY, SECRET, STORE, PortalMark
from civicportal.domain.privacy.rotation import count_sealed
from civicportal.util.errors import ConfigurationError
from civicportal.util.i18n import _, say
from civicportal.util.queries import NamedRecord

if TYPE_CHECKING:
    from civicportal.core.site import Site

log = logging.getLogger(__name__)

SAMPLE = 20
"""Newest pictures by which an unmarked store is recognised: half of them must exist in it."""
SEALS = 20
"""Newest seals of the audit trail that verify the secret of an older portal."""

LOST = "; if it is lost for good, and with it all that was sealed: civicportal keys adopt"
"""Advice for a secret that is permanently lost."""

Marks = dict[str, NamedRecord]
"""Rows of :class:`PortalMark` by name."""


class PortalOwnership(Ownership):
    """The marks in the database and in the file store."""

    def is_own(self, site: "Site", store: IFileStorage) -> bool:
        """Return whether a file store bears this portal's mark."""
        return is_own(site, store)

    def establish(self, site: "Site", *, forks: bool) -> None:
        """Refuse a foreign store or secret; mark those of a new portal."""
        establish(site, forks=forks)


def portal_id(site: "Site") -> str:
    """Return the id of the portal: 32 hexadecimal digits.

    It is empty if the database has none yet.
    """
    marks = _read(site)
    return str(marks[ID].value) if ID in marks else ""


def establish(site: "Site", *, forks: bool = False) -> None:
    """Mark a new portal; refuse a foreign store or secret.

    :param forks: whether this process forks later and therefore cannot use the client of a bucket itself.
    :raises OwnershipMismatch: when the store or a secret belongs to another portal, or an unmarked store is not
        recognised.
    """
    marks = _read(site)
    if marks is _NO_TABLE:
        return
    _refuse(_moved(site, marks))
    if ID not in marks:
        _refuse_unfit_keys(site)
        _write(site, {ID: secrets.token_hex(16)})
        marks = _read(site)
    _write(site, {SECRET: site.keys.secret_mark(marks[ID].value)})
    refuse_unusable(site)
    _note_keys(site, _read(site))
    try:
        _claim_store(site, _read(site), in_child if forks else _here)
    except StoreRefused as refused:
        raise OwnershipMismatch(f"{site.path}: {refused}") from None
    except StorageUnavailable as away:
        # Everything but pictures works without it; its mark is checked when it answers.
        log.warning("%s does not answer: %s", site.storage.place, away)


def refuse_foreign(site: "Site") -> None:
    """Compare secrets and store with the marks, if the database has any.

    :raises OwnershipMismatch: with all differences.
    """
    _refuse(findings(site))


def refuse_unusable(site: "Site") -> None:
    """Refuse a moved database or one of other secrets, if it has marks and answers.

    :raises OwnershipMismatch: for such a database.
    """
    try:
        marks = _read(site)
    except OperationalError:
        # Servers detect this again, and report it.
        return
    _refuse(_moved(site, marks))
    _refuse(_secrets(site, marks))


def refuse_other_secrets(site: "Site") -> None:
    """Compare the secrets only; does nothing if the database has no marks.

    :raises OwnershipMismatch: when one does not belong to the portal.
    """
    _refuse(_secrets(site, _read(site)))


def findings(site: "Site") -> list[Finding]:
    """Return findings about foreign stores and secrets.

    A store that does not answer is not a finding here.
    """
    marks = _read(site)
    found = [*_moved(site, marks), *_secrets(site, marks)]
    try:
        is_own(site, site.storage.store)
    except StoreRefused as refused:
        found.append(
            Finding(
                level="error",
                place=_setting(site, site.storage.store),
                text=_(
                    "the storage of pictures belongs to another portal: ${reason}",
                    mapping={"reason": str(refused)},
                ),
                remedy=_(
                    "name its own store there; for one that truly belongs to it: civicportal files adopt"
                ),
            )
        )
    except OSError as error:
        log.warning("%s does not answer: %s", site.storage.place, error)
    return found


def is_own(site: "Site", store: IFileStorage) -> bool:
    """Compare the marks of store and database.

    The site's store is marked if it did not answer at the first start.

    :returns: False while the database has no mark.
    :raises StoreRefused: when the store is foreign, or unmarked and not recognised.
    :raises StorageUnavailable: when the store does not answer.
    """
    marks = _read(site)
    if ID not in marks:
        return False
    if STORE not in marks and store is site.storage.store:
        _claim_store(site, marks, _here)
    else:
        _refuse_mark(site, store, store.read_mark(), marks)
    return True


def adopt_store(site: "Site", store: IFileStorage, *, owner: str = "", new_id: bool = False) -> None:
    """Mark a store as this portal's.

    :param owner: id of the previous owner.
    :param new_id: first give the database a new id, because it was copied from that of another portal.
    :raises OwnershipMismatch: when the store is marked by another portal than ``owner``.
    :raises StorageUnavailable: when the store does not answer.
    """
    if COPYING in (marks := _read(site)):
        _refuse(_moved(site, marks))
    mark, own = store.read_mark(), portal_id(site)
    if mark and mark.portal and mark.portal not in ({owner} if new_id else {owner, own}):
        raise OwnershipMismatch(
            f"{store.place} belongs to the portal {mark.portal}: if that one uses it no more, add --owner {mark.portal}"
        )
    if new_id or not own:
        renew(site, store)
    else:
        refuse_unusable(site)
        _mark_store(site, store, own)


def renew(site: "Site", store: IFileStorage) -> None:
    """Give a restored database a new id.

    The secrets of this site are recorded, and the store is marked with the id.

    :raises StorageUnavailable: when the store does not answer.
    """
    _set_aside(site, list(_read(site)))
    portal = secrets.token_hex(16)
    _write(site, {ID: portal, SECRET: site.keys.secret_mark(portal)})
    _note_keys(site, _read(site))
    _mark_store(site, store, portal)


def newest_pictures(site: "Site") -> Sequence[str]:
    """Return the keys of the newest pictures that the database references."""
    with site.work(write=False) as work:
        query = select(Attachment.key).order_by(Attachment.id.desc()).limit(SAMPLE)
        return work.session.scalars(query).all()


def adopt_secrets(site: "Site") -> None:
    """Accept the current secrets as the portal's.

    The earlier ones are lost.

    A portal without marks is marked without checking the seals of other secrets.

    :raises ConfigurationError: when the database has not been migrated to code with marks.
    """
    marks = _read(site)
    if marks is _NO_TABLE:
        raise ConfigurationError("run civicportal db upgrade first: this database has no marks to change")
    portal = str(marks[ID].value) if ID in marks else secrets.token_hex(16)
    _set_aside(site, [SECRET, *(name for name in marks if name.startswith(PII_KEY))])
    _write(site, {ID: portal, SECRET: site.keys.secret_mark(portal)})
    _note_keys(site, _read(site))


def retire_keys(site: "Site") -> None:
    """Record that older encryption keys may be removed."""
    marks = _read(site)
    newest = f"{PII_KEY}{site.keys.newest_id}"
    names = [name for name in marks if name.startswith(PII_KEY) and name != newest]
    _update(site, PortalMark.name.in_(names), retired_at=site.clock.now())


# -- comparing ------------------------------------------------------------------------------------------------


def _moved(site: "Site", marks: Marks) -> Iterator[Finding]:
    place = f"{site.path}: site.database_url"
    if COPYING in marks:
        yield Finding(
            level="error",
            place=place,
            text=_("the portal has not been copied into this database completely"),
            remedy=_("run civicportal db copy again, or name the database from which it is copied"),
        )
    elif MOVED in marks:
        target = json.loads(marks[MOVED].value)["to"]
        yield Finding(
            level="error",
            place=place,
            text=_("the portal was moved from this database to ${target}", mapping={"target": target}),
            remedy=_(
                "name that one; if it is lost for good: civicportal files adopt --new-id --owner ${id} makes this one a"
                " portal again, without all changes since",
                mapping={"id": marks[ID].value},
            ),
        )


def _secrets(site: "Site", marks: Marks) -> Iterator[Finding]:
    if ID not in marks:
        return
    portal = marks[ID].value
    if SECRET in marks and marks[SECRET].value != site.keys.secret_mark(portal):
        yield Finding(
            level="error",
            place=f"{site.path}: site.secret",
            text=_("it is not the secret that this portal's database was made with"),
            remedy=_(
                "give back the old secret; if it is lost for good, and with it all that was sealed: civicportal keys adopt"
            ),
        )
        return
    here = site.keys.key_marks(portal)
    for name, mark in sorted(marks.items()):
        key_id = name.removeprefix(PII_KEY)
        if name.startswith(PII_KEY) and mark.retired_at is None and here.get(key_id) != mark.value:
            yield Finding(
                level="error",
                place=f"{site.path}: site.pii_keys",
                text=_(
                    "the key ${key} is missing, by which personal numbers are encrypted",
                    mapping={"key": key_id},
                ),
                remedy=_(
                    "put it back, behind the newest one; civicportal keys rotate makes it dispensable; if it is lost for"
                    " good: civicportal keys adopt"
                ),
            )


def _refuse(found: Iterable[Finding]) -> None:
    lines = [f"{one.place}: {say(one.text)}; {say(one.remedy)}" for one in found]
    if lines:
        raise OwnershipMismatch("\n".join(lines))


def _refuse_unfit_keys(site: "Site") -> None:
    """Refuse secrets that fit no seal and no ciphertext.

    :raises OwnershipMismatch: always; otherwise the first start of newer code would record wrong secrets.
    """
    with site.work(write=False) as work:
        verified = work.get(SealService).verify(SEALS)
        counts = count_sealed(work)
    if verified.seals and len({flaw.seal for flaw in verified.flaws}) >= verified.seals:
        raise OwnershipMismatch(
            f"{site.path}: site.secret: none of the last {verified.seals} seals of the audit trail was made with it;"
            f" give the portal's own secret{LOST}"
        )
    if sum(count.lost for count in counts) and not sum(count.newest + count.older for count in counts):
        raise OwnershipMismatch(
            f"{site.path}: site.pii_keys: none of the encrypted values was written by these keys; give the portal's own{LOST}"
        )


# -- the store ------------------------------------------------------------------------------------------------


def _refuse_mark(site: "Site", store: IFileStorage, mark: StoreMark | None, marks: Marks) -> None:
    if mark is None:
        raise StoreRefused(
            f"{store.place} bears no mark of a portal: look whether the disk is mounted and {_setting(site, store)} is"
            " right; if it is this portal's store, run civicportal files adopt"
        )
    if mark.is_restoring:
        raise StoreRefused(
            f"a restore into {store.place} was broken off: run it again; to go on with what is there, run civicportal"
            " files adopt"
        )
    if mark.portal != marks[ID].value:
        raise StoreRefused(
            f"{store.place} belongs to another portal ({mark.portal}, this one is {marks[ID].value}): name this"
            f" portal's own store in {_setting(site, store)}"
        )


def _here(look: Callable[[], StoreMark | None]) -> StoreMark | None:
    return look()


def _claim_store(
    site: "Site", marks: Marks, run: Callable[[Callable[[], StoreMark | None]], StoreMark | None]
) -> None:
    """Mark the store, or refuse a foreign one.

    It is marked if the portal has not marked a store yet and recognises this one.
    """
    store, own = site.storage.store, StoreMark(portal=marks[ID].value, mode=site.mode)
    keys = None if STORE in marks else newest_pictures(site)

    def look() -> StoreMark | None:
        mark = store.read_mark()
        if mark is None and keys is not None and _is_recognised(store, keys):
            store.write_mark(own)
            return own
        return mark

    _refuse_mark(site, store, run(look), marks)
    if STORE not in marks or marks[STORE].value != store.place:
        _set_aside(site, [STORE])
        _write(site, {STORE: store.place})


def _is_recognised(store: IFileStorage, keys: Sequence[str]) -> bool:
    """Return whether an unmarked store belongs to the portal.

    It has the portal's pictures, or neither has any.
    """
    if not keys:
        return next(iter(store.keys()), None) is None
    return 2 * sum(store.exists(key) for key in keys) >= len(keys)


def _mark_store(site: "Site", store: IFileStorage, portal: str) -> None:
    store.write_mark(StoreMark(portal=portal, mode=site.mode))
    _set_aside(site, [STORE])
    _write(site, {STORE: store.place})


def _setting(site: "Site", store: IFileStorage) -> str:
    return "site.files" if store.place.startswith("the folder") or not site.settings["s3"] else "[s3]"


# -- rows -----------------------------------------------------------------------------------------------------

_NO_TABLE: Marks = {}


def _read(site: "Site") -> Marks:
    with site.engines.read.connect() as connection:
        if not inspect(connection).has_table(PortalMark.__tablename__):
            return _NO_TABLE
        return {row.name: row for row in connection.execute(select(PortalMark.__table__))}


def _write(site: "Site", values: dict[str, str]) -> None:
    """Insert marks without overwriting any.

    If two processes start at once, the first decides.
    """
    rows = [{"name": name, "value": value, "at": site.clock.now()} for name, value in values.items()]
    insert = site.engines.insert(PortalMark).values(rows).on_conflict_do_nothing()
    _execute(site, insert)


def _note_keys(site: "Site", marks: Marks) -> None:
    """Record the encryption keys."""
    here = {f"{PII_KEY}{key}": mark for key, mark in site.keys.key_marks(marks[ID].value).items()}
    unknown = {name: mark for name, mark in here.items() if name not in marks}
    if unknown:
        _write(site, unknown)
    newest = f"{PII_KEY}{site.keys.newest_id}"
    if newest in marks and marks[newest].retired_at:
        _update(site, PortalMark.name == newest, retired_at=None)


def _set_aside(site: "Site", names: list[str]) -> None:
    _execute(site, delete(PortalMark).where(PortalMark.name.in_(names)))


def _update(site: "Site", condition: ColumnElement[bool], **values: object) -> None:
    _execute(site, update(PortalMark).where(condition).values(**values))


def _execute(site: "Site", statement: Executable) -> None:
    with site.engines.write.begin() as connection:
        connection.execute(statement)
