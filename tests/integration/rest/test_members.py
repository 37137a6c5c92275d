"""Changing members by the API: names, roles, departures and returns, deputies, open cases."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from integration.test_invitations import enter
from portal import READY
from sign_in_forms import TYPED
from sqlalchemy import select
from webtest import TestApp

from civicportal.domain.accounts.errors import UsernameTaken
from civicportal.domain.accounts.models import Deputy, Invitation, Membership, Role, RolePermission, User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.rows import holder_id
from civicportal.domain.organization.models import Unit
from civicportal.domain.tokens.models import Token
from civicportal.testing import make_case, make_staff, make_unit, outbox
from civicportal.util.i18n import _

pytestmark = pytest.mark.both_databases

WRITE = ("members:read", "members:write")
#: Scopes with every right of the officers.
ALL = (*WRITE, "cases:read", "cases:write", "cases:personal")
MANAGE = "core:member:manage"
RIGHTS = ("view", "export", "work", "refer", "comment", "register", "contact", "identity")


@pytest.fixture
def people(city, site):
    """The officers of two units, and a manager who has every right that scopes can give."""
    found, _codes = city
    rights = [MANAGE, *(f"petitions:case:{verb}" for verb in RIGHTS)]
    with site.work() as work:
        found["manager"] = make_staff(work, "manager", permissions=rights, username="manager")
        found["chief"] = make_staff(work, "administrator", username="chief")
    return found


@pytest.fixture
def manager(caller, people):
    return caller("manager", *ALL)


def path_of(user, end=""):
    return f"/members/{user.id}{end}"


def change(caller, user, end, body=None, *, status=200, **headers):
    """Change a member as it is now."""
    tag = caller.get(path_of(user)).headers["ETag"]
    return caller.post(path_of(user, end), body, status=status, **{"If_Match": tag, **headers})


def problem(answer):
    return answer.json.get("detail") or [(one["pointer"], one["detail"]) for one in answer.json["errors"]]


def says(site, answer, text):
    """Return whether a refusal tells a text, in the language of the site."""
    return problem(answer) == site.localizer().translate(_(text))


def last_event(site, action):
    with site.work(write=False) as work:
        query = select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id.desc())
        return work.session.scalars(query).first()


# -- roles ----------------------------------------------------------------------------------------------------


def test_roles_are_listed_with_their_rights(manager, site):
    found = {one["key"]: one for one in manager.get("/roles").json["items"]}
    assert found["manager"]["permissions"] == sorted([MANAGE, *(f"petitions:case:{verb}" for verb in RIGHTS)])
    assert found["administrator"]["builtin"] is True
    assert found["administrator"]["permissions"] == sorted(site.permissions)
    first = manager.get("/roles?limit=1").json
    assert len(first["items"]) == 1
    rest = manager.get(f"/roles?cursor={first['next']}").json
    assert len(rest["items"]) == len(found) - 1


def test_members_are_listed_by_role(manager):
    names = [one["username"] for one in manager.get("/members?role=officer").json["items"]]
    assert sorted(names)[-1] == "other"
    assert len(names) == 2
    assert manager.get("/members?role=nothing", status=400).json["errors"][0]["parameter"] == "role"


def test_a_role_is_given_and_taken(manager, people, site):
    officer = people["officer"]
    body = {"role": "officer", "unit": "light", "category": "petitions/light"}
    given = change(manager, officer, "/roles", body)
    [old, new] = given.json["roles"]
    assert new == {
        "role": "officer",
        "key": "officer",
        "id": new["id"],
        "unit": "light",
        "category": body["category"],
    }
    event = last_event(site, "role:give")
    assert (event.actor_id, event.subject_id) == (people["manager"].id, officer.id)
    with site.work(write=False) as work:
        assert event.data["token"] == work.session.scalars(select(Token.id)).one()
    assert given.headers["ETag"] == manager.get(path_of(officer)).headers["ETag"]
    taken = change(manager, officer, f"/roles/{new['id']}/end")
    assert taken.json["roles"] == [old]
    assert taken.headers["ETag"] != given.headers["ETag"]
    change(manager, officer, f"/roles/{new['id']}/end", status=404)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"role": "nothing"}, "#/role"),
        ({"role": "officer", "unit": "nowhere"}, "#/unit"),
        ({"role": "officer", "unit": "closed"}, "#/unit"),
        ({"role": "officer", "category": "petitions/nothing"}, "#/category"),
        ({"role": "officer", "category": "light"}, "#/category"),
        ({"role": "officer", "unit": 3}, "#/unit"),
        ({}, "#/role"),
    ],
)
def test_a_role_that_does_not_exist_is_named(manager, people, site, body, pointer):
    with site.work() as work:
        make_unit(work, "closed", active=False)
    answer = change(manager, people["officer"], "/roles", body, status=422)
    assert [one["pointer"] for one in answer.json["errors"]] == [pointer]


def test_what_is_held_already_is_refused_with_a_reason(manager, people, site):
    answer = change(manager, people["officer"], "/roles", {"role": "officer", "unit": "waste"}, status=422)
    assert says(site, answer, "This person holds this role there already.")


# -- versions -------------------------------------------------------------------------------------------------


def test_a_change_needs_the_version_that_was_read(manager, people):
    path, body = path_of(people["officer"]), {"name": "Ada"}
    manager.post(path, body, status=428)
    tag = manager.get(path).headers["ETag"]
    assert manager.get(path, If_None_Match=tag, status=304).body == b""
    manager.post(path, body, If_Match=tag)
    stale = manager.post(path, {"name": "Eve"}, If_Match=tag, status=412)
    assert stale.headers["ETag"] == manager.get(path).headers["ETag"]
    manager.post(path, {"name": "Eve"}, If_Match="*")
    assert manager.get(path).json["name"] == "Eve"


def test_names_are_changed_one_by_one(manager, people, site):
    officer = people["officer"]
    before = manager.get(path_of(officer)).json
    assert change(manager, officer, "", {"name": "Ada Lovelace"}).json == {**before, "name": "Ada Lovelace"}
    assert change(manager, officer, "", {"username": "Ada.L"}).json["username"] == "ada.l"
    taken = change(manager, officer, "", {"username": "other"}, status=422)
    told = site.localizer().translate(UsernameTaken().reason)
    assert problem(taken) == [("#/username", told)]
    wrong = change(manager, officer, "", {"name": "", "mobile": "+989120000000"}, status=422)
    assert {one["pointer"] for one in wrong.json["errors"]} == {"#/name", "#/mobile"}


# -- leaving and coming back ----------------------------------------------------------------------------------


def test_a_disabled_member_is_signed_out_and_comes_back(manager, people, site):
    officer = people["officer"]
    with site.work() as work:
        work.get(SessionService).open("staff", work.session.get(User, officer.id))
    gone = change(manager, officer, "/disable")
    assert (gone.json["disabled"], gone.json["unattended"]) == (True, [])
    with site.work(write=False) as work:
        assert work.get(SessionService).list_of(work.session.get(User, officer.id)) == []
    back = change(manager, officer, "/enable")
    assert (back.json["disabled"], back.json["unattended"]) == (False, [])
    assert last_event(site, "member:enable").data["token"]


def test_a_deleted_member_is_restored_and_not_changed_before(manager, people, site, clock):
    officer = people["officer"]
    assert says(site, change(manager, officer, "/restore", status=422), "This account is not deleted.")
    assert change(manager, officer, "/delete").json["deleted"] is True
    assert officer.id not in {one["id"] for one in manager.get("/members").json["items"]}
    for end, body in (("", {"name": "Ada"}), ("/roles", {"role": "officer"}), ("/delete", None)):
        refusal = change(manager, officer, end, body, status=422)
        assert says(site, refusal, "This account is deleted: restore it first.")
    assert change(manager, officer, "/restore").json["deleted"] is False
    change(manager, officer, "/delete")
    clock.advance(days=31)
    late = change(manager, officer, "/restore", status=422)
    assert says(site, late, "It is too late: the data of this person is erased.")


def test_a_member_is_signed_out_everywhere(manager, people, site):
    officer = people["officer"]
    with site.work() as work:
        work.get(SessionService).open("staff", work.session.get(User, officer.id))
    change(manager, officer, "/end-sessions")
    with site.work(write=False) as work:
        assert work.get(SessionService).list_of(work.session.get(User, officer.id)) == []
    assert last_event(site, "session:end-all").subject_id == officer.id


@pytest.fixture
def alone(people, site):
    """The officers, when no one else works on all cases."""
    with site.work() as work:
        role = work.session.scalars(select(Role.id).where(Role.key == "manager")).one()
        rights = select(RolePermission).where(
            RolePermission.role_id == role, RolePermission.permission != MANAGE
        )
        for right in work.session.scalars(rights):
            work.session.delete(right)
    return people


@pytest.mark.parametrize("end", ["/disable", "/delete", "/roles/{role}/end"])
def test_the_unit_that_is_left_with_no_one_is_named(manager, alone, end):
    [held] = manager.get(path_of(alone["officer"])).json["roles"]
    gone = change(manager, alone["officer"], end.format(role=held["id"]))
    assert gone.json["unattended"] == ["waste"]


def test_the_manager_of_a_unit_is_told_of_its_cases_only(manager, caller, alone, site):
    change(manager, alone["other"], "/disable")
    with site.work(write=False) as work:
        waste = work.session.scalars(select(Unit).where(Unit.key == "waste")).one()
    gone = change(caller("manager", *WRITE, unit=waste), alone["officer"], "/disable")
    assert gone.json["unattended"] == ["waste"]
    path = path_of(alone["officer"], "/transfer")
    assert manager.post(path).json["unattended"] == ["light", "waste"]


# -- open cases -----------------------------------------------------------------------------------------------


def test_open_cases_go_to_a_colleague_of_the_unit(manager, people, city, caller, site):
    officer, code = people["officer"], city[1][0]
    with site.work() as work:
        waste = work.session.get(User, officer.id).memberships[0].unit_id
        heir = make_staff(work, "officer", username="heir")
        work.session.scalars(select(Membership).where(Membership.user_id == heir.id)).one().unit_id = waste
    tag = caller("officer").get(f"/cases/{code}").headers["ETag"]
    caller("officer").post(f"/cases/{code}/take", If_Match=tag)
    assert manager.get(path_of(officer)).json["cases"] == 1
    wrong = manager.post(path_of(officer, "/transfer"), {"user": people["other"].id}, status=422)
    assert [one["pointer"] for one in wrong.json["errors"]] == ["#/user"]
    moved = manager.post(path_of(officer, "/transfer"), {"user": heir.id, "note": "Please go on."})
    assert moved.json == {"to_colleague": 1, "to_units": 0, "left": 0, "unattended": []}
    # Sent again, when nothing is left.
    assert manager.post(path_of(officer, "/transfer"), {"user": heir.id}).json["to_colleague"] == 0
    assert caller("officer").get(f"/cases/{code}").json["holder"]["id"] == heir.id


def test_open_cases_of_who_has_left_go_to_their_units_in_portions(manager, people, city, site, monkeypatch):
    monkeypatch.setattr(
        "civicportal.domain.kartable.transfer.transfer.__kwdefaults__",
        {"heir_id": None, "note": "", "most": 2},
    )
    officer = people["officer"]
    with site.work() as work:
        for _number in range(2):
            make_case(work, category=None, citizen=work.session.get(User, people["citizen"].id))
        for referral in work.session.scalars(select(Referral).where(Referral.closed_at.is_(None))):
            referral.to_user_id = officer.id
    change(manager, officer, "/disable")
    first = manager.post(path_of(officer, "/transfer")).json
    assert (first["to_units"], first["left"]) == (2, 2)
    second = manager.post(path_of(officer, "/transfer")).json
    assert (second["to_units"], second["left"]) == (2, 0)
    with site.work(write=False) as work:
        open_ = work.session.scalars(select(Referral).where(Referral.closed_at.is_(None))).all()
        assert {holder_id(one) for one in open_} == {None}


# -- deputies -------------------------------------------------------------------------------------------------


def test_a_deputy_is_set_told_and_called_off(manager, people, site, clock):
    officer, other = people["officer"], people["other"]
    today = site.calendar.today(clock.now())
    days = {"first_day": today.isoformat(), "last_day": (today + timedelta(days=3)).isoformat()}
    made = change(manager, officer, "/deputies", {"deputy": other.id, **days})
    [row] = made.json["items"]
    assert row == {"id": row["id"], "deputy": {"id": other.id, "name": other.name}, **days}
    assert manager.get(path_of(officer, "/deputies")).json == made.json
    assert made.headers["ETag"] == manager.get(path_of(officer)).headers["ETag"]
    with site.work(write=False) as work:
        assert {one.kind for one in outbox(work)} >= {"member.deputy", "member.deputy_set"}
    again = change(manager, officer, "/deputies", {"deputy": other.id, **days}, status=422)
    assert says(site, again, "Another deputy is set for these days already.")
    change(manager, officer, f"/deputies/{row['id']}/end")
    assert manager.get(path_of(officer, "/deputies")).json["items"] == []
    change(manager, officer, f"/deputies/{row['id']}/end", status=404)
    with site.work(write=False) as work:
        assert work.session.scalars(select(Deputy)).all() == []


def test_days_of_an_absence_are_iso_8601(manager, people):
    body = {"deputy": people["other"].id, "first_day": "1405-01-01x", "last_day": "2026-13-01"}
    answer = change(manager, people["officer"], "/deputies", body, status=422)
    assert {one["pointer"] for one in answer.json["errors"]} == {"#/first_day", "#/last_day"}


# -- invitations ----------------------------------------------------------------------------------------------

PERSON = {"name": "Ada Lovelace", "username": "ada", "mobile": "09120000077"}
ROLE = {"role": "officer", "unit": "waste", "category": None}


def invite(caller, key="invite-01", *, status=201, **values):
    body = {**PERSON, "roles": [ROLE], **values}
    return caller.post("/members/invitations", body, status=status, Idempotency_Key=key)


def test_an_invitation_answers_its_link_once_and_again_to_the_same_call(manager, people, site, app):
    made = invite(manager)
    assert made.json["state"] == "waiting"
    assert made.json["roles"] == [{**ROLE, "key": "officer"}]
    assert made.json["inviter"]["id"] == people["manager"].id
    assert made.json["mobile"] != PERSON["mobile"]
    again = invite(manager)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json == made.json
    [listed] = manager.get("/members/invitations").json["items"]
    assert listed == {**made.json, "url": None}
    page = app.get(made.json["url"].partition("localhost")[2].partition("/")[2].join(("/", "")))
    assert page.status_int == 200
    with site.work(write=False) as work:
        [row] = work.session.scalars(select(Invitation))
        assert made.json["url"].rpartition("/")[2] not in (row.token_hash, "")
        [sms] = outbox(work, "+989120000077")
        assert sms.kind == "member.invited"
    assert last_event(site, "invitation:join").data["token"]


def test_who_is_invited_joins_with_the_link_and_is_managed(manager, site, browse):
    """What a personnel system does with a person, from the first day to the last."""
    made = invite(manager, mobile=TYPED).json
    newcomer = browse(site)
    enter(site, newcomer, made["url"].removeprefix("http://localhost"))
    newcomer.get("/kartable", status=200)
    [ada] = manager.get("/members?q=Ada").json["items"]
    assert (ada["username"], [one["unit"] for one in ada["roles"]]) == ("ada", ["waste"])
    assert invite(manager, mobile=TYPED).json["state"] == "used"
    path = f"/members/{ada['id']}"
    manager.post(f"{path}/roles", {"role": "officer", "unit": "light"}, If_Match="*")
    manager.post(f"{path}/roles/{ada['roles'][0]['id']}/end", If_Match="*")
    assert [one["unit"] for one in manager.get(path).json["roles"]] == ["light"]
    manager.post(f"{path}/disable", If_Match="*")
    assert newcomer.get("/kartable", status=303).location.startswith("http://localhost/staff/login")


def test_no_answer_and_no_line_of_the_log_has_the_number(manager, caplog):
    answers = [invite(manager), invite(manager), manager.get("/members/invitations")]
    answers.append(invite(manager, "invite-02", status=422))
    number = answers[0].json["id"]
    answers.append(manager.post(f"/members/invitations/{number}/renew", Idempotency_Key="renew-001"))
    answers.append(manager.post(f"/members/invitations/{number}/revoke"))
    for text in [*(one.text for one in answers), caplog.text]:
        assert "9120000077" not in text


def test_a_link_is_replaced_and_revoked(manager, site):
    made = invite(manager)
    path = f"/members/invitations/{made.json['id']}"
    fresh = manager.post(f"{path}/renew", Idempotency_Key="renew-001")
    assert fresh.json["url"] not in (made.json["url"], None)
    assert manager.post(f"{path}/renew", Idempotency_Key="renew-001").json["url"] == fresh.json["url"]
    # The former link is void, and so not told again.
    assert invite(manager).json["url"] is None
    revoked = manager.post(f"{path}/revoke")
    assert (revoked.json["state"], revoked.json["url"]) == ("revoked", None)
    assert manager.post(f"{path}/revoke").json["state"] == "revoked"
    assert manager.get("/members/invitations").json["items"] == []
    refusal = manager.post(f"{path}/renew", Idempotency_Key="renew-002", status=422)
    assert says(site, refusal, "This invitation has been used or called off.")
    assert manager.post(f"{path}/renew", Idempotency_Key="renew-001").json["url"] is None


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"username": "other"}, "#/username"),
        ({"mobile": "12"}, "#/mobile"),
        ({"roles": []}, "#/roles"),
        ({"roles": [ROLE] * 4}, "#/roles"),
        ({"roles": [ROLE, {"role": "nothing"}]}, "#/roles/1/role"),
        ({"roles": ["officer"]}, "#/roles/0"),
        ({"name": "x"}, "#/name"),
    ],
)
def test_mistakes_of_an_invitation_are_named(manager, site, values, pointer):
    answer = invite(manager, status=422, **values)
    assert pointer in [one["pointer"] for one in answer.json["errors"]]
    with site.work(write=False) as work:
        assert work.session.scalars(select(Invitation)).all() == []
    # A refused call does not use up its key.
    invite(manager)


# -- at one moment --------------------------------------------------------------------------------------------


def at_once(caller, calls):
    """Make calls in a thread each, all begun before the first ends; return the answers."""
    ready = threading.Barrier(len(calls))

    def run(call):
        own = replace(caller, app=TestApp(caller.app.app))
        ready.wait(READY)
        return call(own)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_of_several_changes_of_one_version_one_is_made(manager, people, site):
    path = path_of(people["officer"])
    tag = manager.get(path).headers["ETag"]

    def rename(number):
        return lambda own: own.post(path, {"name": f"Ada {number}"}, If_Match=tag, status="*")

    answers = at_once(manager, [rename(number) for number in range(4)])
    assert sorted(one.status_int for one in answers) == [200, 412, 412, 412]
    [made] = [one for one in answers if one.status_int == 200]
    assert manager.get(path).json["name"] == made.json["name"]


def test_of_several_calls_with_one_key_one_invites(manager, site):
    answers = at_once(manager, [lambda own: invite(own)] * 4)
    assert len({one.text for one in answers}) == 1
    with site.work(write=False) as work:
        assert len(work.session.scalars(select(Invitation)).all()) == 1
        assert len(outbox(work, "+989120000077")) == 1
