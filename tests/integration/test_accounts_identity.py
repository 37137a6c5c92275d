"""Who a session's token stands for, and what that person may do at this moment."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event

from civicportal.core.crypto import new_token
from civicportal.core.security import Identity
from civicportal.domain.accounts.errors import LastAdministrator
from civicportal.domain.accounts.identity import load_identity
from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.memberships import MembershipService
from civicportal.domain.accounts.models import Deputy, Membership, Role, Session, User
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.sessions import MOST_KEPT, SessionService, TooLarge
from civicportal.testing import identity, make_category, make_citizen, make_staff, make_unit
from civicportal.util.errors import Forbidden, Refused


def _open(site: Any, realm: str, user: User, **options: Any) -> str:
    with site.work() as work:
        return str(work.get(SessionService).open(realm, work.session.get(User, user.id), **options))


@pytest.fixture
def officer(site: Any) -> User:
    with site.work() as work:
        return make_staff(work, permissions=["petitions:case:view"])


def test_unknown_token_is_a_visitor(site: Any) -> None:
    assert load_identity(site, new_token()) is Identity.VISITOR


def test_token_is_stored_hashed_only(site: Any, officer: User) -> None:
    token = _open(site, "staff", officer)
    with site.work(write=False) as work:
        assert token not in str(work.session.query(Session).one().__dict__)


def test_rights_depend_on_the_realm_of_the_session(site: Any, officer: User) -> None:
    staff = load_identity(site, _open(site, "staff", officer))
    assert staff.is_staff
    assert staff.permits("petitions:case:view")
    citizen = load_identity(site, _open(site, "citizen", officer))
    assert citizen.is_citizen
    assert citizen.grants == ()
    assert not citizen.permits("petitions:case:view")


def test_sign_in_rotates(site: Any, officer: User) -> None:
    old = _open(site, "staff", officer)
    new = _open(site, "staff", officer, replaces=old)
    assert load_identity(site, old) is Identity.VISITOR
    assert load_identity(site, new).user_id == officer.id


def test_staff_session_ends_when_idle(site: Any, clock: Any, officer: User) -> None:
    token = _open(site, "staff", officer)
    clock.advance(minutes=29)
    assert load_identity(site, token).is_staff
    clock.advance(minutes=29)
    assert load_identity(site, token).is_staff
    clock.advance(minutes=30)
    assert load_identity(site, token) is Identity.VISITOR


def test_staff_session_ends_after_twelve_hours(site: Any, clock: Any, officer: User) -> None:
    token = _open(site, "staff", officer)
    for _quarter in range(47):
        clock.advance(minutes=15)
        assert load_identity(site, token).is_staff
    clock.advance(minutes=15)
    assert load_identity(site, token) is Identity.VISITOR


def test_citizen_session_lasts_thirty_days(site: Any, clock: Any, officer: User) -> None:
    token = _open(site, "citizen", officer)
    clock.advance(days=29, hours=23)
    assert load_identity(site, token).is_citizen
    clock.advance(hours=1)
    assert load_identity(site, token) is Identity.VISITOR


def test_last_seen_is_written_once_a_minute(site: Any, clock: Any, officer: User) -> None:
    token, opened = _open(site, "staff", officer), clock.now()
    for seconds, seen in ((59, 0), (1, 60), (30, 60)):
        clock.advance(seconds=seconds)
        load_identity(site, token)
        with site.work(write=False) as work:
            assert work.session.query(Session).one().last_seen_at == opened + timedelta(seconds=seen)


def test_disabled_officers_live_session_dies(site: Any, officer: User) -> None:
    token = _open(site, "staff", officer)
    with site.work() as work:
        work.get(MemberService).disable(work.session.get(User, officer.id))
    assert load_identity(site, token) is Identity.VISITOR


def test_epoch_ends_a_session_that_is_still_there(site: Any, officer: User) -> None:
    token = _open(site, "staff", officer)
    with site.work() as work:
        work.session.get(User, officer.id).session_epoch += 1
    assert load_identity(site, token) is Identity.VISITOR


def test_lost_role_is_lost_at_once(site: Any, officer: User) -> None:
    token = _open(site, "staff", officer)
    with site.work() as work:
        user = work.session.get(User, officer.id)
        user.memberships.clear()
    found = load_identity(site, token)
    assert found.is_staff
    assert not found.permits("petitions:case:view")


def test_a_role_that_is_deleted_while_it_is_looked_up_gives_nothing(site: Any, officer: User) -> None:
    token, deeds = _open(site, "staff", officer), [delete(Role)]

    def between_two_connections(*_connection: Any) -> None:
        if deeds:
            with site.work() as work:
                work.session.execute(deeds.pop())

    event.listen(site.engines.read.pool, "checkin", between_two_connections)
    try:
        found = load_identity(site, token)
    finally:
        event.remove(site.engines.read.pool, "checkin", between_two_connections)
    assert (found.is_staff, found.grants, deeds) == (True, (), [])


def test_scope_covers_the_subtree(work: Any) -> None:
    services = make_unit(work, "services")
    waste = make_unit(work, "waste", parent_id=services.id)
    bins = make_unit(work, "bins", parent_id=waste.id)
    other = make_unit(work, "other")
    cleaning = make_category(work, "cleaning")
    bin_full = make_category(work, "bin", parent_id=cleaning.id)
    (grant,) = identity(work, make_staff(work, unit=services, category=cleaning)).grants
    assert grant.units == {services.id, waste.id, bins.id}
    assert grant.categories == {cleaning.id, bin_full.id}
    assert not grant.covers(other.id, bin_full.id)


def test_deputy_has_the_rights_for_these_days_only(site: Any, clock: Any, officer: User) -> None:
    today = clock.now().astimezone(site.timezone).date()
    with site.work() as work:
        deputy = make_staff(work, "observer", permissions=[])
        work.session.add(Deputy(absent_id=officer.id, deputy_id=deputy.id, first_day=today, last_day=today))
    for moment, deputises in ((clock.now(), True), (clock.now() + timedelta(days=1), False)):
        clock.set(moment)
        with site.work() as work:
            found = identity(work, work.session.get(User, deputy.id))
        assert found.permits("petitions:case:view") is deputises
        assert found.deputy_for == (frozenset({officer.id}) if deputises else frozenset())
        assert all(not grant.own for grant in found.grants if grant.gives("petitions:case:view"))


@pytest.fixture
def absent(site: Any, clock: Any, officer: User) -> dict[str, User]:
    """Absent people by name, whose deputy is the officer, who has two memberships.

    One has two memberships, one has none, one is disabled, and of one the officer is the deputy twice.
    """
    today = clock.now().astimezone(site.timezone).date()
    with site.work() as work:
        waste, light = make_unit(work, "waste"), make_unit(work, "light")
        people = {
            name: make_staff(work, name, unit=waste, permissions=[f"petitions:case:{name}"])
            for name in ("view", "close", "none", "gone")
        }
        person = work.session.get(User, officer.id)
        person.memberships.append(Membership(role_id=people["view"].memberships[0].role_id, unit_id=light.id))
        people["close"].memberships.append(
            Membership(role_id=people["view"].memberships[0].role_id, unit_id=light.id)
        )
        people["none"].memberships.clear()
        people["gone"].disabled_at = clock.now()
        for person in (*people.values(), people["view"]):
            work.session.add(
                Deputy(absent_id=person.id, deputy_id=officer.id, first_day=today, last_day=today)
            )
    return people


def test_own_grants_are_listed_once_with_several_absent_people(
    site: Any, officer: User, absent: dict[str, User]
) -> None:
    found = load_identity(site, _open(site, "staff", officer))
    ids = [officer.id, officer.id, absent["view"].id, absent["close"].id, absent["close"].id]
    assert [grant.holder_id for grant in found.grants] == ids
    assert [grant.own for grant in found.grants] == [True, True, False, False, False]
    assert found.deputy_for == {absent[name].id for name in ("view", "close", "none")}
    with site.work(write=False) as work:
        assert identity(work, work.session.get(User, officer.id)).scope_key == found.scope_key


def test_citizen_sessions_have_no_deputies(site: Any, officer: User, absent: dict[str, User]) -> None:
    found = load_identity(site, _open(site, "citizen", officer))
    assert (found.is_citizen, found.grants, found.deputy_for) == (True, (), frozenset())


def test_a_request_knows_whether_something_is_kept(site: Any, officer: User) -> None:
    token = _open(site, "staff", officer)
    assert load_identity(site, token).has_pending_forms is False
    with site.work() as work:
        work.get(SessionService).keep_visitor_data(token, "form:/reports/new", {"subject": "چاله"})
    assert load_identity(site, token).has_pending_forms is True


def test_ending_single_sessions(site: Any, officer: User) -> None:
    first, second, third = (_open(site, "staff", officer) for _number in range(3))
    with site.work() as work:
        sessions, user = work.get(SessionService), work.session.get(User, officer.id)
        stranger = make_citizen(work)
        ids = {token: sessions.live(token)[0].id for token in (first, second, third)}
        assert not sessions.end_one(stranger, ids[first])
        assert sessions.end_one(user, ids[first])
        assert {row.id for row in sessions.list_of(user)} == {ids[second], ids[third]}
        sessions.end_all_others(user, ids[second])
    assert load_identity(site, first) is Identity.VISITOR
    assert load_identity(site, second).is_staff
    assert load_identity(site, third) is Identity.VISITOR


def test_visitor_data_moves_with_the_sign_in(site: Any, officer: User) -> None:
    token = new_token()
    with site.work() as work:
        work.get(SessionService).keep_visitor_data(token, "form:/petitions/new", {"body": ["سلام"]})
    assert load_identity(site, token) is Identity.VISITOR
    signed_in = _open(site, "citizen", officer, replaces=token)
    with site.work(write=False) as work:
        sessions = work.get(SessionService)
        assert sessions.visitor_data(token, "form:/petitions/new") is None
        assert sessions.visitor_data(signed_in, "form:/petitions/new") == {"body": ["سلام"]}
        assert sessions.pending_form(signed_in) == "/petitions/new"


def test_visitor_data_ends(site: Any, clock: Any) -> None:
    token = new_token()
    with site.work() as work:
        work.get(SessionService).keep_visitor_data(token, "proved", ["1"])
    clock.advance(hours=1)
    with site.work() as work:
        assert work.get(SessionService).visitor_data(token, "proved") is None


def test_data_of_a_session_is_not_shared(site: Any, officer: User) -> None:
    token = _open(site, "citizen", officer)
    with site.work() as work:
        work.get(SessionService).keep_visitor_data(token, "proved", ["1"])
        stranger = make_citizen(work)
    theirs = _open(site, "citizen", stranger, replaces=token)
    with site.work(write=False) as work:
        assert work.get(SessionService).visitor_data(theirs, "proved") is None


def test_ended_session_keeps_a_form_as_a_visitors(site: Any, clock: Any, officer: User) -> None:
    token = _open(site, "staff", officer)
    clock.advance(hours=13)
    with site.work() as work:
        work.get(SessionService).keep_visitor_data(token, "form:/x", {})
    assert load_identity(site, token) is Identity.VISITOR
    with site.work(write=False) as work:
        assert work.get(SessionService).pending_form(token) == "/x"


@pytest.mark.parametrize("is_the_same", [True, False])
def test_data_of_an_ended_session_belongs_to_its_person(site: Any, officer: User, is_the_same: bool) -> None:
    token = _open(site, "staff", officer)
    with site.work() as work:
        work.get(SessionService).keep_visitor_data(token, "form:/mine", "من")
        work.session.get(User, officer.id).session_epoch += 1
        stranger = make_staff(work)
    with site.work() as work:
        sessions = work.get(SessionService)
        assert sessions.stored(token) == {}
        sessions.keep_visitor_data(token, "form:/anybodys", "هرکس")
        assert sessions.stored(token) == {"form:/anybodys": "هرکس"}
    theirs = _open(site, "staff", officer if is_the_same else stranger, replaces=token)
    with site.work(write=False) as work:
        kept = work.get(SessionService).stored(theirs)
        assert list(kept) == ["form:/mine"] * is_the_same + ["form:/anybodys"]


def test_too_much_is_refused(work: Any) -> None:
    with pytest.raises(TooLarge):
        work.get(SessionService).keep_visitor_data(new_token(), "form:/x", "x" * 32 * 1024)


def test_persian_letters_are_measured_as_they_are(work: Any) -> None:
    token, words = new_token(), "ن" * 16_000
    work.get(SessionService).keep_visitor_data(token, "form:/x", words)
    assert work.get(SessionService).visitor_data(token, "form:/x") == words


def test_oldest_value_makes_room(work: Any) -> None:
    token, sessions = new_token(), work.get(SessionService)
    for number in range(9):
        sessions.keep_visitor_data(token, str(number), number)
    assert sessions.visitor_data(token, "0") is None
    assert sessions.visitor_data(token, "8") == 8


def test_ones_live_sessions_are_listed_the_one_seen_last_first(site: Any, clock: Any, officer: User) -> None:
    idle = _open(site, "staff", officer)
    clock.advance(minutes=20)
    tokens = [_open(site, realm, officer) for realm in ("citizen", "staff", "staff")]
    clock.advance(minutes=10)
    load_identity(site, tokens[1])
    with site.work() as work:
        sessions, user = work.get(SessionService), work.session.get(User, officer.id)
        sessions.open("citizen", make_citizen(work))
        ids = {token: sessions.row(token).id for token in (idle, *tokens)}
        assert [row.id for row in sessions.list_of(user)] == [ids[tokens[n]] for n in (1, 2, 0)]
        sessions.end(tokens[2])
        assert [row.id for row in sessions.list_of(user)] == [ids[tokens[n]] for n in (1, 0)]
        assert sessions.live(idle) is None
        assert sessions.live(tokens[1])[1].id == officer.id


def test_a_token_stands_for_its_own_person(site: Any, officer: User) -> None:
    with site.work() as work:
        people = [officer, make_citizen(work, "+989000000021"), make_citizen(work, "+989000000022")]
        sessions = work.get(SessionService)
        tokens = [sessions.open("citizen", one) for one in people]
    with site.work(write=False) as work:
        found = [work.get(SessionService).live(token) for token in tokens]
        assert [user.id for _session, user in found] == [one.id for one in people]
        assert [session.user_id for session, _user in found] == [one.id for one in people]
        for session, user in found:
            assert work.get(SessionService).list_of(user) == [session]
    assert [load_identity(site, token).user_id for token in tokens] == [one.id for one in people]


def test_ending_all_ends_no_one_elses(site: Any, officer: User) -> None:
    mine = [_open(site, "staff", officer) for _number in range(2)]
    with site.work() as work:
        stranger = make_citizen(work)
    theirs = _open(site, "citizen", stranger)
    with site.work() as work:
        sessions, user = work.get(SessionService), work.session.get(User, officer.id)
        assert not sessions.end_one(user, sessions.live(theirs)[0].id)
        sessions.end_all_others(user, sessions.live(mine[0])[0].id)
        assert [sessions.row(token) is None for token in (*mine, theirs)] == [False, True, False]
        sessions.end_all_others(user, None)
        assert [sessions.row(token) is None for token in (*mine, theirs)] == [True, True, False]
    again = _open(site, "staff", officer)
    with site.work() as work:
        sessions, user = work.get(SessionService), work.session.get(User, officer.id)
        epochs = (user.session_epoch, work.session.get(User, stranger.id).session_epoch)
        sessions.end_everything(user)
        work.session.expire_all()
        after = (user.session_epoch, work.session.get(User, stranger.id).session_epoch)
        assert after == (epochs[0] + 1, epochs[1])
        assert sessions.row(again) is None
    assert load_identity(site, theirs).user_id == stranger.id


def test_a_session_tells_when_and_where_it_was_opened(site: Any, clock: Any, officer: User) -> None:
    for realm, hours in (("staff", 12), ("citizen", 30 * 24)):
        token, now = _open(site, realm, officer, user_agent="x" * 201), clock.now()
        with site.work(write=False) as work:
            row, user = work.get(SessionService).live(token)
            assert (row.realm, row.user_agent, row.data) == (realm, "x" * 200, {})
            assert (row.created_at, row.last_seen_at, row.proved_at, user.last_seen_at) == (now,) * 4
            assert row.expires_at == now + timedelta(hours=hours)
        clock.advance(minutes=1)


@pytest.mark.parametrize(("realm", "hours"), [("staff", 12), ("citizen", 30 * 24)])
def test_an_expired_session_belongs_to_no_user(
    site: Any, clock: Any, officer: User, realm: str, hours: int
) -> None:
    token = _open(site, realm, officer)

    def is_live() -> bool:
        with site.work() as work:
            sessions = work.get(SessionService)
            row = sessions.row(token)
            row.last_seen_at = clock.now()
            work.session.flush()
            found = sessions.live(token)
            assert sessions.list_of(work.session.get(User, officer.id)) == ([row] if found else [])
            return found is not None

    clock.advance(hours=hours, seconds=-1)
    assert is_live()
    clock.advance(seconds=1)
    assert not is_live()
    clock.advance(hours=1)
    assert not is_live()


@pytest.mark.parametrize("deed", ["open", "load", "prove", "end_one", "end_all_others", "end_everything"])
def test_actions_on_a_session_affect_no_other_session(site: Any, clock: Any, deed: str) -> None:
    """Neither those of people registered before and after, nor own ones opened before and after."""
    with site.work() as work:
        people = [make_citizen(work, f"+98900000001{number}") for number in range(3)]
        sessions = work.get(SessionService)
        tokens = [sessions.open("citizen", one) for _nth in range(3) for one in people]
        rows = [sessions.row(token) for token in tokens]
        ids = [row.id for row in rows]
        mine = [row.id for row in rows if row.user_id == people[1].id]
        opened = clock.now()
    clock.advance(minutes=10)
    if deed == "load":
        load_identity(site, tokens[4])
    with site.work() as work:
        sessions, user = work.get(SessionService), work.session.get(User, people[1].id)
        match deed:
            case "open":
                sessions.open("citizen", user)
            case "prove":
                sessions.prove(mine[1])
            case "end_one":
                assert sessions.end_one(user, mine[1])
            case "end_all_others":
                sessions.end_all_others(user, mine[1])
            case "end_everything":
                sessions.end_everything(user)
    ended = {"end_one": [mine[1]], "end_all_others": [mine[0], mine[2]], "end_everything": mine}.get(deed, [])
    with site.work(write=False) as work:
        left = [work.session.get(Session, one) for one in ids if work.session.get(Session, one)]
        assert [row.id for row in left] == [one for one in ids if one not in ended]
        assert [row.id for row in left if row.proved_at != opened] == ([mine[1]] if deed == "prove" else [])
        assert [row.id for row in left if row.last_seen_at != opened] == ([mine[1]] if deed == "load" else [])
        seen = [work.session.get(User, one.id).last_seen_at for one in people]
        assert seen == [opened, clock.now() if deed in ("open", "load") else opened, opened]
        epochs = [work.session.get(User, one.id).session_epoch for one in people]
        assert epochs == [one.session_epoch for one in people[:1]] + [
            people[1].session_epoch + (deed == "end_everything"),
            people[2].session_epoch,
        ]


def test_a_proof_lasts_five_minutes(site: Any, clock: Any, officer: User) -> None:
    with site.work() as work:
        sessions, user = work.get(SessionService), work.session.get(User, officer.id)
        first, second = (sessions.row(sessions.open("staff", user)).id for _number in range(2))

    def proved() -> list[bool]:
        with site.work(write=False) as work:
            return [work.get(SessionService).is_proved(one) for one in (first, second, None, second + 1)]

    clock.advance(seconds=299)
    assert proved() == [True, True, False, False]
    clock.advance(seconds=1)
    assert proved() == [False, False, False, False]
    with site.work() as work:
        work.get(SessionService).prove(second)
    assert proved() == [False, True, False, False]


@pytest.mark.parametrize(("back", "counts"), [(5, True), (6, False)])
def test_future_times_of_sessions_and_proofs_are_invalid(
    site: Any, clock: Any, officer: User, back: int, counts: bool
) -> None:
    token = _open(site, "staff", officer)
    clock.set(clock.now() - timedelta(seconds=back))
    with site.work(write=False) as work:
        sessions = work.get(SessionService)
        assert sessions.is_proved(sessions.row(token).id) is counts
        assert (sessions.live(token) is not None) is counts
    assert load_identity(site, token).is_staff is counts


def test_the_largest_value_is_kept_whole(work: Any) -> None:
    token, sessions = new_token(), work.get(SessionService)
    largest = 32 * 1024 - len('""')
    sessions.keep_visitor_data(token, "form:/x", "x" * largest)
    assert sessions.visitor_data(token, "form:/x") == "x" * largest
    with pytest.raises(TooLarge):
        sessions.keep_visitor_data(token, "form:/x", "x" * (largest + 1))


def test_a_value_stored_again_is_the_newest_and_evicts_no_other(work: Any) -> None:
    token, sessions = new_token(), work.get(SessionService)
    for number in range(MOST_KEPT):
        sessions.keep_visitor_data(token, f"form:/{number}", number)
    sessions.keep_visitor_data(token, "form:/0", "new")
    assert list(sessions.stored(token)) == [f"form:/{number}" for number in (*range(1, MOST_KEPT), 0)]
    assert sessions.pending_form(token) == "/0"
    sessions.keep_visitor_data(token, "proved", True)
    assert list(sessions.stored(token, "form:")) == [
        f"form:/{number}" for number in (*range(2, MOST_KEPT), 0)
    ]
    assert sessions.pending_form(new_token()) is None
    sessions.forget(token, "form:/0")
    sessions.forget(token, "nothing")
    sessions.forget(new_token(), "form:/1")
    assert sessions.pending_form(token) == f"/{MOST_KEPT - 1}"
    assert sessions.visitor_data(token, "proved") is True
    sessions.forget(token, "form:/4")
    assert list(sessions.stored(token)) == [*(f"form:/{number}" for number in (2, 3, 5, 6, 7)), "proved"]


def test_session_values_expire_separately(site: Any, clock: Any) -> None:
    token = new_token()
    with site.work() as work:
        sessions = work.get(SessionService)
        sessions.keep_visitor_data(token, "short", 1, timedelta(minutes=5))
        sessions.keep_visitor_data(token, "usual", 2)

    def kept() -> list[str]:
        with site.work(write=False) as work:
            return list(work.get(SessionService).stored(token))

    clock.advance(seconds=299)
    assert kept() == ["short", "usual"]
    clock.advance(seconds=1)
    assert kept() == ["usual"]
    clock.advance(seconds=3299)
    assert kept() == ["usual"]
    with site.work(write=False) as work:
        row = work.get(SessionService).row(token)
        assert (row.realm, row.expires_at - row.created_at) == ("visitor", timedelta(hours=1))
    clock.advance(seconds=1)
    assert kept() == []


def test_expired_session_data_is_deleted_in_batches(site: Any, clock: Any, officer: User) -> None:
    tokens = [_open(site, "citizen", officer) for _number in range(4)]
    with site.work() as work:
        sessions = work.get(SessionService)
        ids = [sessions.row(token).id for token in tokens]
        for token in tokens[:3]:
            sessions.keep_visitor_data(token, "short", 1, timedelta(minutes=5))
            sessions.keep_visitor_data(token, "usual", 2)
    clock.advance(minutes=5)
    with site.work() as work:
        sessions = work.get(SessionService)
        assert sessions.drop_expired(0, 2) == ids[1]
        assert [list(sessions.row(token).data) for token in tokens] == [
            ["usual"],
            ["usual"],
            ["short", "usual"],
            [],
        ]
        assert sessions.drop_expired(ids[1], 2) == ids[2]
        assert list(sessions.row(tokens[2]).data) == ["usual"]
        assert sessions.drop_expired(ids[2], 2) is None


def test_a_visitors_row_that_was_a_persons_says_nothing_of_them(site: Any, clock: Any, officer: User) -> None:
    token = _open(site, "staff", officer)
    clock.advance(hours=13)
    with site.work() as work:
        work.get(SessionService).keep_visitor_data(token, "form:/x", {})
    with site.work(write=False) as work:
        row, now = work.get(SessionService).row(token), clock.now()
        assert (row.realm, row.user_id, row.proved_at) == ("visitor", None, None)
        assert (row.last_seen_at, row.expires_at) == (now, now + timedelta(hours=1))
        assert work.session.query(Session).count() == 1


def test_encrypted_session_data_needs_its_key(site: Any) -> None:
    token = new_token()
    with site.work() as work:
        sessions = work.get(SessionService)
        sessions.store_encrypted(token, "sealed:a", {"name": "راز"})
        sessions.keep_visitor_data(token, "sealed:plain", {"name": "older code"})
        sessions.keep_visitor_data(token, "sealed:foreign", "no text of ours")
        sessions.store_encrypted(token, "other", 1)
        assert sessions.decrypted(token, "sealed:") == {"sealed:a": {"name": "راز"}}
        assert "راز" not in str(sessions.row(token).data)
        # Its length is that of its letters, not that of their numbers.
        sessions.store_encrypted(token, "other", "ن" * 10_000)


def test_last_administrator_stays(site: Any) -> None:
    with site.work() as work:
        members = work.get(MemberService)
        # Who came before and who comes after is none.
        make_staff(work)
        chief = make_staff(work, "administrator")
        make_staff(work)
        with pytest.raises(LastAdministrator):
            members.disable(chief)
        make_staff(work, "administrator")
        members.disable(chief)
        assert chief.disabled_at


def test_people_grant_only_rights_they_have(site: Any) -> None:
    with site.work() as work:
        unit, other = make_unit(work, "waste"), make_unit(work, "other")
        role = make_staff(work, permissions=["petitions:case:view"]).memberships[0].role
        rights = ["petitions:case:view", "core:member:manage"]
        giver = identity(work, make_staff(work, "giver", unit=unit, permissions=rights))
        user = make_citizen(work)
    with site.work(actor=giver) as work:
        memberships, user = work.get(MembershipService), work.session.get(User, user.id)
        memberships.give(user, role, unit=unit)
        for refused in ({"unit": other}, {}):
            with pytest.raises(Forbidden):
                memberships.give(user, role, **refused)
        administrator = work.get(RoleService).ensure_administrator()
        with pytest.raises(Forbidden):
            memberships.give(user, administrator)
        with pytest.raises(Refused):
            memberships.give(user, administrator, unit=unit)


def test_a_mobile_belongs_to_one_user(work: Any) -> None:
    accounts = work.get(AccountService)
    citizen = accounts.citizen_by_mobile("+989120000000", name="الف")
    assert accounts.citizen_by_mobile("+989120000000", name="ب").name == "الف"
    staff = accounts.create_staff(username="a.b", name="ج", mobile="+989120000000", password=None)
    assert staff.id == citizen.id
