"""A person gets all stored personal data, and none of it is left after their deletion."""

import io
import json
import zipfile
from datetime import date, datetime, timedelta
from importlib.metadata import entry_points

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    String,
    event,
    insert,
    select,
    update,
)

from civicportal.core.db import UTCDateTime
from civicportal.core.storage import new_key
from civicportal.core.tags import links
from civicportal.domain.accounts.mobile import MobileService
from civicportal.domain.accounts.models import Membership, Session, User
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Attachment, Case, CaseEvent
from civicportal.domain.cases.public_texts import PublicTexts
from civicportal.domain.cases.public_type import PublicString
from civicportal.domain.cases.search_index import SearchIndex
from civicportal.domain.cases.steps import OBJECTION_WINDOW
from civicportal.domain.notifications.inbound import InboundService
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.privacy.data_access import PAGE_SIZE, DataAccessService
from civicportal.domain.privacy.erasure import ErasureService, erase_deleted
from civicportal.domain.privacy.export import PersonalDataService, stream
from civicportal.domain.privacy.leaving import LeavingService
from civicportal.domain.privacy.tags import tables
from civicportal.testing import identity, make_case, make_category, make_citizen, make_staff, make_unit

pytestmark = pytest.mark.both_databases

MOBILE = "+989000000001"
#: Personal values that a person is not handed with the rest: secrets, and words between officers.
WITHHELD = {
    "users.search_name",
    "users.national_code_index",
    "known_devices.device_hash",
    "cases.search_text",
    "cases.people",
    "cases.search_person",
    "case_events.internal_text",
    "case_events.data",
    "referrals.note",
    "referrals.answer",
    "contractor_links.name",
    "contractor_links.instruction",
    "meetings_request.national_code_index",
    "meetings_request.search_name",
    "meetings_appointment.expert_note",
}
#: The place of a problem is the city's matter.
STAYS = {"reports_report.lat", "reports_report.lon"}


@pytest.fixture
def civic_settings():
    """Every plugin that is installed."""
    return {"site": {"plugins": sorted(entry.name for entry in entry_points(group="civicportal.plugins"))}}


def close(work, case, *, ago=OBJECTION_WINDOW):
    at = work.clock.now() - ago
    work.session.execute(update(Case).where(Case.id == case.id).values(closed_at=at, stage="done"))


@pytest.fixture
def person(site):
    """A citizen with one closed case of their own."""
    with site.work() as work:
        make_unit(work, site.fallback_unit)
        user = make_citizen(work, MOBILE)
        close(work, make_case(work, citizen=user, kind="petitions"))
        return user


def is_personal(column):
    return column.info.get("pii") is not None


class Filler:
    """Writes a value that is found again into every personal column of every table."""

    def __init__(self, work, user):
        self.work, self.user = work, user
        self.case = work.session.scalars(select(Case).where(Case.citizen_id == user.id)).one()
        self.ids = {"users": user.id, "cases": self.case.id}
        self.written, self.written_rows = {}, set()

    def fill(self):
        for table in tables(self.work.site):
            if links(table):
                self.row_of(table)

    def row_of(self, table):
        """Write one row and the rows it needs; return its id."""
        if table.name in self.written_rows:
            return self.ids[table.name]
        self.written_rows.add(table.name)
        if table.name in self.ids:
            values = {c.name: self.mark(c) for c in table.columns if is_personal(c) and c.name != "mobile"}
            key = table.columns["id"] == self.ids[table.name]
            self.work.session.execute(update(table).where(key).values(values))
        else:
            values = {column.name: self.value(column) for column in table.columns}
            row = insert(table).values({name: value for name, value in values.items() if value is not None})
            self.ids[table.name] = self.work.session.execute(row).inserted_primary_key[0]
        return self.ids[table.name]

    def value(self, column):
        sort = links(column.table).get(column.name)
        if sort:
            return {"user": self.user.id, "case": self.case.id, "mobile": self.user.mobile}[sort]
        for key in column.foreign_keys:
            return None if column.nullable else self.row_of(key.column.table)
        if is_personal(column):
            return self.mark(column)
        if column.nullable or (column.primary_key and column.autoincrement is True):
            return None
        return self.plain(column)

    def mark(self, column):
        name = f"{column.table.name}.{column.name}"
        if isinstance(column.type, Float):
            return 31.5
        if isinstance(column.type, Integer):
            return 31
        mark = f"⟦{name}⟧"[-(getattr(column.type, "length", None) or 400) :]
        self.written[name] = mark
        if column.info["sealed"]:
            return self.work.site.keys.encrypt(mark)
        if isinstance(column.type, PublicString):
            return self.work.get(PublicTexts).check(None, {"mark": mark})["mark"]
        if not isinstance(column.type, JSON):
            return mark
        make = getattr(column.default, "arg", None)
        return [mark] if make and isinstance(make(None), list) else {"word": mark}

    def plain(self, column):
        if column.name == "key" and column.table.name == "attachments":
            return new_key()
        if isinstance(column.type, JSON):
            return getattr(column.default, "arg", dict)(None) if column.default else {}
        kinds = (
            (Boolean, False),
            (LargeBinary, b"1"),
            (UTCDateTime, self.work.clock.now()),
            (DateTime, self.work.clock.now()),
            (Date, date(2026, 1, 1)),
            (String, "x"),
        )
        return next((value for kind, value in kinds if isinstance(column.type, kind)), 1)


@pytest.fixture
def filled(site, person):
    with site.work() as work:
        filler = Filler(work, person)
        filler.fill()
    return filler


def everything(site):
    """Every value of every table as one text, sealed ones opened."""
    found = []
    with site.work(write=False) as work:
        for table in tables(site):
            for row in work.session.execute(select(table)).mappings():
                for column in table.columns:
                    value = row[column]
                    if column.info.get("sealed") and value:
                        value = site.keys.decrypt(value)
                    found.append(json.dumps(value, ensure_ascii=False, default=str))
    return "\n".join(found)


def test_every_personal_column_reaches_its_person(site):
    lost = [
        f"{table.name}.{column.name}"
        for table in tables(site)
        for column in table.columns
        if (is_personal(column) or column.info.get("erase") != "keep") and not links(table)
    ]
    assert lost == []


def test_the_export_holds_every_personal_value(site, person, filled):
    with site.work(write=False) as work:
        text = json.dumps(work.get(PersonalDataService).rows(person), ensure_ascii=False)
    missing = {name for name, mark in filled.written.items() if mark not in text}
    assert missing == WITHHELD & set(filled.written)
    assert MOBILE in text


def test_the_export_holds_no_secret(site, person, filled):
    with site.work() as work:
        user = work.session.get(User, person.id)
        user.password_hash, user.totp_secret = "hash-of-it", site.keys.encrypt("totp-secret")
    with site.work(write=False) as work:
        text = json.dumps(work.get(PersonalDataService).rows(person), ensure_ascii=False)
    assert "hash-of-it" not in text
    assert "totp-secret" not in text


def test_erasure_leaves_no_personal_value(site, person, filled):
    with site.work() as work:
        work.get(ErasureService).erase(work.session.get(User, person.id))
    text = everything(site)
    left = {name for name, mark in filled.written.items() if mark in text}
    assert left <= STAYS
    assert MOBILE not in text
    with site.work(write=False) as work:
        user = work.session.get(User, person.id)
        assert (user.name, user.mobile, user.level) == ("", None, 0)
        assert work.session.scalars(select(Case.citizen_id)).all() == [None] * len(
            work.session.scalars(select(Case.id)).all()
        )


@pytest.mark.parametrize(("kind", "own"), [("meetings", True), ("gone", True), ("petitions", False)])
def test_a_subject_of_the_persons_own_words_goes_with_them(site, person, kind, own):
    with site.work() as work:
        code = make_case(work, citizen=person, kind="petitions", subject="شکایت از آقای نامدار").code
        work.session.execute(update(Case).where(Case.code == code).values(kind=kind))
        close(work, work.session.scalars(select(Case).where(Case.code == code)).one())
        work.get(ErasureService).erase(work.session.get(User, person.id))
    title = site.localizer().translate(kind_of(site, kind).title)
    with site.work(write=False) as work:
        kept = work.session.scalar(select(Case.subject).where(Case.code == code))
    assert kept == (title if own else "شکایت از آقای نامدار")
    assert SearchIndex(site.engines).verify() == (0, 0)


def test_others_keep_what_is_theirs(site, person):
    with site.work() as work:
        other = make_citizen(work, "+989000000002", name="دیگری")
        theirs = make_case(work, citizen=other, body="این را نگه دارید")
        before = (theirs.body, len(work.session.scalars(select(CaseEvent)).all()))
        other_id, case_id = other.id, theirs.id
        work.get(ErasureService).erase(work.session.get(User, person.id))
    with site.work(write=False) as work:
        assert work.session.get(User, other_id).name == "دیگری"
        kept = work.session.get(Case, case_id)
        assert (kept.body, len(work.session.scalars(select(CaseEvent)).all())) == before
        assert kept.citizen_id == other_id


def test_staff_stay_in_the_history_without_a_name(site, person):
    with site.work() as work:
        officer = make_staff(work, name="کارشناس نامدار")
        with_officer = identity(work, officer)
    with site.work(actor=with_officer) as work:
        case = make_case(work, citizen=person)
        work.get(AuditService).record("case:open", subject_id=person.id, case_id=case.id)
    with site.work() as work:
        work.get(ErasureService).erase(work.session.get(User, officer.id))
        assert work.session.scalars(select(Membership)).all() == []
    assert "کارشناس نامدار" not in everything(site)
    with site.work(write=False) as work:
        kept = work.session.get(Case, case.id)
        assert (kept.citizen_id, kept.body != "") == (person.id, True)


def leave(site, user):
    with site.work() as work:
        return work.get(LeavingService).leave(work.session.get(User, user.id))


def test_an_open_case_keeps_its_words_until_it_is_closed(site, clock, person):
    with site.work() as work:
        case = make_case(work, citizen=person, body="چراغ خاموش است")
    [left] = leave(site, person)
    assert left.code == case.code
    clock.advance(days=31)
    erase_deleted(site)
    with site.work() as work:
        kept = work.session.get(Case, case.id)
        assert (kept.body, kept.citizen_id) == ("چراغ خاموش است", person.id)
        assert work.session.get(User, person.id).mobile is None
        close(work, kept, ago=timedelta())
    clock.advance(days=6)
    erase_deleted(site)
    with site.work() as work:
        # The holder of the PIN reads the answer in the meantime.
        assert work.session.get(Case, case.id).body == "چراغ خاموش است"
    clock.advance(days=1)
    erase_deleted(site)
    with site.work(write=False) as work:
        kept = work.session.get(Case, case.id)
        assert (kept.body, kept.citizen_id, kept.code) == ("", None, case.code)
        assert work.get(ErasureService).due() == []


def test_deleted_people_are_hidden_for_thirty_days(site, clock, person):
    with site.work() as work:
        work.session.add(
            Session(
                token_hash="t" * 64,
                realm="citizen",
                user_id=person.id,
                created_at=clock.now(),
                last_seen_at=clock.now(),
                expires_at=clock.now() + timedelta(days=1),
            )
        )
    leave(site, person)
    clock.advance(days=29)
    erase_deleted(site)
    with site.work(write=False) as work:
        user = work.session.get(User, person.id)
        assert (user.mobile, user.deleted_by_id) == (MOBILE, person.id)
        assert work.session.scalars(select(Session)).all() == []
    clock.advance(days=2)
    erase_deleted(site)
    with site.work(write=False) as work:
        assert work.session.get(User, person.id).mobile is None
        actions = work.session.scalars(select(AuditEvent.action)).all()
        assert {"member:leave", "member:erase"} <= set(actions)


def test_one_failing_erasure_does_not_affect_others(site, clock, person, monkeypatch):
    with site.work() as work:
        others = [make_citizen(work, f"+98900000010{n}", name=f"شهروند {n}") for n in range(4)]
    everybody = [person, *others]
    stuck = {user.id for user in everybody[:3]}
    erase = ErasureService.erase

    def erase_or_fail(service, user):
        if user.id in stuck:
            raise OSError("the row is held")
        return erase(service, user)

    def erased():
        with site.work(write=False) as work:
            return set(work.session.scalars(select(User.id).where(User.erased_at.is_not(None))))

    monkeypatch.setattr(ErasureService, "erase", erase_or_fail)
    monkeypatch.setattr("civicportal.domain.privacy.erasure.MOST_PERSONS", 1)
    for user in everybody:
        leave(site, user)
    clock.advance(days=31)
    erase_deleted(site)
    assert erased() == {others[2].id}
    erase_deleted(site)
    assert erased() == {others[2].id, others[3].id}
    stuck.clear()
    erase_deleted(site)
    assert person.id in erased()


def test_pictures_go_after_their_rows(site, clock, person):
    key = new_key()
    site.storage.put(key, b"picture")
    with site.work() as work:
        case = work.session.scalars(select(Case).where(Case.citizen_id == person.id)).one()
        work.session.add(
            Attachment(
                key=key,
                case_id=case.id,
                content_type="image/webp",
                width=1,
                height=1,
                size=7,
                sha256="0" * 64,
                created_at=clock.now(),
            )
        )
    leave(site, person)
    clock.advance(days=31)
    erase_deleted(site)
    assert not site.storage.exists(key)


def test_the_archive_holds_the_pictures_of_ones_cases_but_not_those_of_staff(site, clock, person):
    with site.work() as work:
        case = work.session.scalars(select(Case).where(Case.citizen_id == person.id)).one()
        for audience, content in (("citizen", b"mine" * 50_000), ("staff", b"theirs"), ("citizen", None)):
            key = new_key()
            if content:
                site.storage.put(key, content)
            work.session.add(
                Attachment(
                    key=key,
                    case_id=case.id,
                    audience=audience,
                    content_type="image/webp",
                    width=1,
                    height=1,
                    size=1,
                    sha256="0" * 64,
                    created_at=clock.now(),
                )
            )
    pieces = list(stream(site, person.id))
    assert max(map(len, pieces)) < 200_000
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert archive.testzip() is None
    pictures = [name for name in archive.namelist() if name.startswith("pictures/")]
    assert [archive.read(name)[:4] for name in pictures] == [b"mine"]
    data = json.loads(archive.read("data.json"))
    assert data["cases"][0]["code"] == case.code
    assert data["case_events"][0]["case"] == case.code
    assert datetime.fromisoformat(data["users"][0]["created_at"]).tzinfo


def test_a_number_that_changed_hands_keeps_its_messages_apart(site, clock, person):
    with site.work() as work:
        before = make_citizen(work, "+989000000077")
        work.session.add(
            OutboxMessage(
                event_key="old",
                kind="x",
                recipient=MOBILE,
                user_id=before.id,
                text="برای مالک پیشین",
                created_at=clock.now(),
                next_at=clock.now(),
            )
        )
    with site.work(write=False) as work:
        assert "مالک پیشین" not in json.dumps(work.get(PersonalDataService).rows(person), ensure_ascii=False)
    with site.work() as work:
        work.get(ErasureService).erase(work.session.get(User, person.id))
    assert "مالک پیشین" in everything(site)


def says(site, number, text):
    with site.work() as work:
        work.get(InboundService).keep(f"test:{text}", number, text, work.clock.now())
    InboundService.answer_waiting(site)


def everything_of(site, user):
    with site.work(write=False) as work:
        return json.dumps(work.get(PersonalDataService).rows(user), ensure_ascii=False)


def test_what_was_written_from_and_to_a_former_number_goes_with_its_person(site, clock):
    former, mine = "+989000000055", "+989000000056"
    says(site, former, "پیش از عضویت")
    clock.advance(days=1)
    with site.work() as work:
        user = make_citizen(work, former)
    says(site, former, "پس از عضویت")
    with site.work(actor=identity(work, user, "citizen")) as work:
        work.get(MobileService).change(work.session.get(User, user.id), mine)
    with site.work() as work:
        user, other = work.session.get(User, user.id), make_citizen(work, former)
    texts, kinds = ("پیش از عضویت", "پس از عضویت"), ("inbound.help", "member.mobile_changed")
    for word in (*texts, *kinds):
        assert word in everything_of(site, user), word
        assert word not in everything_of(site, other), word
    with site.work() as work:
        work.session.delete(work.session.get(User, other.id))
        work.get(ErasureService).erase(work.session.get(User, user.id))
    left = everything(site)
    for word in (*texts, *kinds, former):
        assert word not in left, word


def test_the_export_contains_messages_of_the_number_without_an_account(site):
    """They were written before the number had an account."""
    number = "+989000000055"
    says(site, number, "پیش از عضویت")
    with site.work() as work:
        user = make_citizen(work, number)
    assert {"پیش از عضویت", "inbound.help"} <= {
        value
        for rows in json.loads(everything_of(site, user)).values()
        for row in rows
        for value in row.values()
        if isinstance(value, str)
    }


@pytest.fixture
def allowed():
    """How long PostgreSQL lets the statements take that look through the whole trail."""
    found = set()

    def note(connection, _cursor, statement, *_more):
        if statement.startswith(("SELECT audit_events", "UPDATE audit_events")):
            with connection.connection.cursor() as asking:
                found.add(asking.execute("SHOW statement_timeout").fetchone()[0])

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.one_database("postgresql")
def test_the_trail_of_many_years_is_looked_through_with_patience(site, clock, person, allowed):
    leave(site, person)
    clock.advance(days=31)
    assert list(stream(site, person.id))
    assert allowed == {"1min"}
    allowed.clear()
    erase_deleted(site)
    assert allowed == {"5min"}


def test_staff_are_shown_by_unit_and_level_never_by_name(site, clock, person):
    with site.work() as work:
        unit = make_unit(work, "waste", name="سازمان پسماند")
        make_category(work, unit=unit)
        officer = make_staff(work, unit=unit, name="کارشناس نامدار")
        [case] = work.session.scalars(select(Case).where(Case.citizen_id == person.id))
        actor = identity(work, officer)
    for action in ("case:open", "reveal:contact", "session:end"):
        with site.work(actor=actor) as work:
            work.get(AuditService).record(action, subject_id=person.id, case_id=case.id)
        clock.advance(minutes=1)
    with site.work(write=False) as work:
        accesses = work.get(DataAccessService).of(person.id).accesses
    assert [(access.unit, access.role, access.code) for access in accesses] == [
        ("سازمان پسماند", "handler", case.code)
    ] * 2
    assert "نامدار" not in str(accesses)


def test_looks_come_in_pages(site, clock, person):
    with site.work() as work:
        actor = identity(work, make_staff(work))
    for _number in range(PAGE_SIZE + 5):
        with site.work(actor=actor) as work:
            work.get(AuditService).record("case:open", subject_id=person.id)
        clock.advance(hours=1)
    with site.work(write=False) as work:
        first = work.get(DataAccessService).of(person.id)
        assert len(first.accesses) == PAGE_SIZE
        last = work.get(DataAccessService).of(person.id, before=first.next)
        assert (len(last.accesses), last.next) == (5, None)


def test_one_visit_is_one_line(site, clock, person):
    with site.work() as work:
        actors = [identity(work, make_staff(work, name)) for name in ("one", "two")]
        [case] = work.session.scalars(select(Case).where(Case.citizen_id == person.id))
    visits = [(0, 0), (0, 5), (0, 20), (1, 5), (0, 10), (0, 31)]
    for who, minutes in visits:
        clock.advance(minutes=minutes)
        with site.work(actor=actors[who]) as work:
            work.get(AuditService).record("case:open", subject_id=person.id, case_id=case.id)
    with site.work(write=False) as work:
        accesses = work.get(DataAccessService).of(person.id).accesses
    assert [access.times for access in accesses] == [1, 1, 1, 3]
    assert accesses[0].at == clock.now()
