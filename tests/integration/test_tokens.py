"""Tokens of people and machines: what they open, what they do not, and how they end."""

import json
import logging
import re
import string
import zlib
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from browser_settings import set_in_browser
from sqlalchemy import select

from civicportal.api.plugins import hookimpl
from civicportal.app import create_app
from civicportal.core.db import Base
from civicportal.core.security import PagePermission
from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.models import Role, User
from civicportal.domain.accounts.people import PeopleService
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.models import Case
from civicportal.domain.kartable.addressees import offered
from civicportal.domain.organization.models import Unit
from civicportal.domain.tokens.models import ApiClient, Token
from civicportal.domain.tokens.secrets import ALPHABET, new_api_token
from civicportal.domain.tokens.services import MOST_TOKENS, ClientService, TokenService
from civicportal.portal.members.directory import MemberDirectory, MemberQuery
from civicportal.testing import identity, make_case, make_category, make_citizen, make_staff, make_unit
from civicportal.testing.installing import Installer
from civicportal.testing.tokens import token_for
from civicportal.util.errors import ConfigurationError, Forbidden, NotFound, Refused

pytestmark = pytest.mark.both_databases

INVALID = 'Bearer realm="api", error="invalid_token"'


def me(request):
    """Answer who calls, and which cases they see."""
    cases = request.work.session.scalars(
        select(Case.code).where(request.work.get(AccessService).visible()).order_by(Case.id)
    )
    if request.method == "POST":
        request.work.get(AuditService).record("gadget:change")
    token = request.token
    return {
        "user": request.identity.user_id,
        "realm": request.identity.realm,
        "cases": list(cases),
        "token": token.id if token else None,
        "personal": token is not None and token.allows("cases:personal"),
    }


def adds(*views, plugin="gadget"):
    """An implementation of ``includeme`` that adds views: (name, pattern, options)."""

    def includeme(config):
        for name, pattern, options in views:
            config.add_route(f"{plugin}.{name}", pattern)
            config.add_view(me, route_name=f"{plugin}.{name}", renderer="json", **options)

    return hookimpl(includeme)


USUAL = (
    ("me", "/api/v1/gadget/me", {"permission": PagePermission.SIGNED_IN, "scope": "cases:read"}),
    (
        "change",
        "/api/v1/gadget/change",
        {"permission": PagePermission.SIGNED_IN, "scope": "cases:write", "request_method": "POST"},
    ),
    ("staff", "/api/v1/gadget/staff", {"permission": PagePermission.STAFF, "scope": "cases:read"}),
    ("public", "/api/v1/gadget/public", {"permission": PagePermission.EVERYBODY}),
    ("page", "/gadget/page", {"permission": PagePermission.SIGNED_IN}),
)


@pytest.fixture(scope="module")
def gadget(tmp_path_factory):
    """A plugin with pages for programs, installed for the tests of this module."""
    with pytest.MonkeyPatch.context() as patch:
        installer = Installer(tmp_path_factory.mktemp("installed"), patch)
        installer.plugin("gadget", adds(*USUAL))
        yield
        installer.forget()


@pytest.fixture
def civic_settings(gadget):
    # A name of its own: sites with the same settings are one, and other modules have other gadgets.
    return {"site": {"plugins": ["gadget"], "short_name": "ژتون"}}


@pytest.fixture
def portal(civic_environment, browse):
    """A portal with pages for programs, two units with a case each, and a browser without a session."""
    people = civic_environment.filled(filled_portal)
    return SimpleNamespace(**people, browser=browse(civic_environment.site))


def filled_portal(site):
    with site.work() as work:
        waste, light = make_unit(work, "waste"), make_unit(work, "lighting")
        bins = make_unit(work, "bins", parent_id=waste.id)
        citizen = make_citizen(work)
        topics = [make_category(work, unit.key, unit=unit) for unit in (waste, bins, light)]
        codes = {topic.key: make_case(work, citizen=citizen, category=topic).code for topic in topics}
        officer = make_staff(work, "officer", unit=waste)
        both = make_staff(work, "both")
        administrator = identity(work, make_staff(work, "administrator"))
    return {
        "site": site,
        "waste": waste,
        "bins": bins,
        "light": light,
        "codes": codes,
        "citizen": citizen,
        "officer": officer,
        "both": both,
        "administrator": administrator,
    }


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def call(portal, token, path="me", status=200):
    return portal.browser.get(f"/api/v1/gadget/{path}", headers=bearer(token), status=status)


def actor(portal, user):
    with portal.site.work(write=False) as work:
        return identity(work, work.session.get_one(User, user.id))


# -- what opens what ------------------------------------------------------------------------------------------


def test_a_token_acts_as_its_person(portal):
    token = token_for(portal.site, portal.officer, "cases:read")
    said = call(portal, token).json
    assert (said["user"], said["realm"]) == (portal.officer.id, "staff")
    assert set(said["cases"]) == {portal.codes["waste"], portal.codes["bins"]}
    assert said["token"]
    assert not said["personal"]


def test_without_a_token_the_answer_names_the_scheme(portal):
    answer = portal.browser.get("/api/v1/gadget/me", status=401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == 401
    for scheme in ("Basic Zm9vOmJhcg==", "Bearer", "Bearer ", "bearer", "Token x"):
        portal.browser.get("/api/v1/gadget/me", headers={"Authorization": scheme}, status=401)


def test_a_token_opens_no_page_and_a_cookie_no_call(portal, browse):
    token = token_for(portal.site, portal.officer, "cases:read", "cases:write")
    page = portal.browser.get("/gadget/page", headers=bearer(token), status=303)
    assert "/login" in page.location
    signed_in = browse(portal.site, portal.officer, "staff")
    assert signed_in.get("/gadget/page").json["user"] == portal.officer.id
    assert signed_in.get("/gadget/page", headers=bearer(token)).json["token"] is None
    signed_in.get("/api/v1/gadget/me", status=401)
    signed_in.post("/api/v1/gadget/change", status=401)
    assert signed_in.get("/api/v1/gadget/public").json["user"] is None
    # A token does not need the token of a form, and it acts for its own person, not for the person signed in.
    other = token_for(portal.site, portal.both, "cases:write")
    assert signed_in.post("/api/v1/gadget/change", headers=bearer(other)).json["user"] == portal.both.id


@pytest.mark.parametrize("path", ["/api/v1/gadget/me", "/%61pi/v1/gadget/me"])
def test_a_path_is_one_however_it_is_written(portal, browse, path):
    browse(portal.site, portal.officer, "staff").get(path, status=401)


def test_a_missing_scope_is_named(portal):
    token = token_for(portal.site, portal.officer, "statistics:read")
    answer = call(portal, token, status=403)
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="api", error="insufficient_scope", scope="cases:read"'
    )
    portal.browser.post("/api/v1/gadget/change", headers=bearer(token), status=403)


def test_a_citizens_token_has_no_rights_of_staff(portal):
    token = token_for(portal.site, portal.citizen, "cases:read")
    assert call(portal, token).json == {
        "user": portal.citizen.id,
        "realm": "citizen",
        "cases": [],
        "token": call(portal, token).json["token"],
        "personal": False,
    }
    call(portal, token, "staff", status=403)
    # Also if the citizen has become staff.
    token = token_for(portal.site, portal.both, "cases:read", realm="citizen")
    assert call(portal, token).json["cases"] == []


def test_a_unit_limits_a_token_with_the_units_below(portal):
    token = token_for(portal.site, portal.both, "cases:read")
    assert set(call(portal, token).json["cases"]) == set(portal.codes.values())
    for unit, keys in ((portal.waste, {"waste", "bins"}), (portal.bins, {"bins"})):
        token = token_for(portal.site, portal.both, "cases:read", unit=unit)
        assert set(call(portal, token).json["cases"]) == {portal.codes[key] for key in keys}
    token = token_for(portal.site, portal.officer, "cases:read", unit=portal.light)
    assert call(portal, token).json["cases"] == []


def test_rights_that_a_person_has_lost_their_token_has_lost_too(portal):
    token = token_for(portal.site, portal.officer, "cases:read")
    with portal.site.work() as work:
        user = work.session.get_one(User, portal.officer.id)
        user.memberships.clear()
    assert call(portal, token).json["cases"] == []


def test_who_has_to_set_up_a_strong_factor_first_has_no_rights_by_a_token(portal, monkeypatch):
    token = token_for(portal.site, portal.officer, "cases:read")
    monkeypatch.setitem(portal.site.settings["accounts"], "strong_roles", ["officer"])
    call(portal, token, status=403)


# -- how a token ends -----------------------------------------------------------------------------------------


def ends(how):
    """Return what ends a token: a change of the person, of the token, or of the clock."""

    def disabled(portal, work, user, token):
        with work.acting_as(portal.administrator):
            work.get(MemberService).disable(user)

    def deleted(portal, work, user, token):
        with work.acting_as(portal.administrator):
            work.get(MemberService).delete(user)

    def signed_out(portal, work, user, token):
        work.get(SessionService).end_everything(user)

    def forgotten_password(portal, work, user, token):
        work.get(AccountService).reset_password(user, "a long new passphrase")

    def revoked(portal, work, user, token):
        work.get(TokenService).revoke(token)

    def expired(portal, work, user, token):
        portal.site.clock.advance(days=90)

    return locals()[how]


@pytest.mark.parametrize(
    "how", ["disabled", "deleted", "signed_out", "forgotten_password", "revoked", "expired"]
)
def test_an_ended_token_opens_nothing(portal, how):
    token = token_for(portal.site, portal.officer, "cases:read")
    wrong = call(portal, new_api_token("cpt"), status=401)
    call(portal, token)
    with portal.site.work() as work:
        row = work.session.scalars(select(Token)).one()
        ends(how)(portal, work, work.session.get_one(User, portal.officer.id), row)
    answer = call(portal, token, status=401)
    assert answer.headers["WWW-Authenticate"] == INVALID
    # Nothing tells a token that was valid from any other.
    assert answer.json == wrong.json
    # It is refused where it is not needed too, so that its program is told.
    call(portal, token, "public", status=401)


def test_a_changed_password_ends_no_token(portal):
    token = token_for(portal.site, portal.officer, "cases:read")
    with portal.site.work(actor=actor(portal, portal.officer)) as work:
        work.get(AccountService).set_password(
            work.session.get_one(User, portal.officer.id), "a long new passphrase"
        )
    call(portal, token)


def test_wrong_tokens_are_limited_by_address_and_right_ones_are_not(portal, caplog):
    right = token_for(portal.site, portal.officer, "cases:read")
    with caplog.at_level(logging.WARNING, "civicportal.security"):
        wrong = [new_api_token("cpt"), "x", "cpt_" + "a" * 46, "x" * 5000, "\u00e9"]
        statuses = [
            portal.browser.get("/api/v1/gadget/me", headers=bearer(wrong[n % 5]), expect_errors=True)
            for n in range(25)
        ]
    assert [answer.status_int for answer in statuses] == [401] * 20 + [429] * 5
    assert int(statuses[-1].headers["Retry-After"]) > 0
    call(portal, right)
    assert [record.msg for record in caplog.records].count("auth.token.refused") == 20


def test_the_use_of_a_token_is_noted_once_a_minute(portal):
    token = token_for(portal.site, portal.officer, "cases:read")

    def used():
        with portal.site.work(write=False) as work:
            return work.session.scalars(select(Token.last_used_at)).one()

    assert used() is None
    call(portal, token)
    first = used()
    assert first == portal.site.clock.now()
    portal.site.clock.advance(seconds=30)
    call(portal, token)
    assert used() == first
    portal.site.clock.advance(seconds=31)
    call(portal, token)
    assert used() == portal.site.clock.now()


# -- making tokens --------------------------------------------------------------------------------------------


def make(portal, user, **values):
    with portal.site.work(actor=actor(portal, user)) as work:
        return work.get(TokenService).make(
            work.session.get_one(User, user.id), **{"name": "GIS", "scopes": ["cases:read"], **values}
        )


def test_a_token_is_shown_once_and_stored_as_a_hash(portal, caplog):
    with caplog.at_level(logging.DEBUG):
        row, token = make(portal, portal.officer)
        call(portal, token)
        call(portal, token[:-1] + ("y" if token.endswith("x") else "x"), status=401)
    assert row.expires_at == portal.site.clock.now() + timedelta(days=90)
    assert row.ending == token[-4:]
    with portal.site.work(write=False) as work:
        stored = [
            str(values)
            for table in Base.metadata.sorted_tables
            for values in work.session.execute(select(table))
        ]
    assert not [values for values in stored if token in values or token[4:44] in values]
    assert token[4:44] not in caplog.text
    assert any("'call'" in repr(record.msg) and record.token == row.id for record in caplog.records)


def test_scanners_recognise_a_token():
    tokens = {new_api_token(sort) for sort in ("cpt", "cpm") for _number in range(200)}
    assert len(tokens) == 400
    for token in tokens:
        assert re.fullmatch(r"cp[tm]_[0-9A-Za-z]{46}", token)
        number = 0
        for character in token[-6:]:
            number = number * 62 + ALPHABET.index(character)
        assert number == zlib.crc32(token[4:44].encode())
    assert string.digits + string.ascii_letters == ALPHABET


def test_a_token_is_made_for_oneself_by_oneself(portal):
    row, _token = make(portal, portal.officer)
    with portal.site.work(actor=actor(portal, portal.officer)) as work:
        other = work.session.get_one(User, portal.both.id)
        with pytest.raises(Forbidden):
            work.get(TokenService).make(other, name="GIS", scopes=["cases:read"])
        with pytest.raises(NotFound):
            work.get(TokenService).fetch(other, row.id)
    # A token makes no tokens.
    with portal.site.work(write=False) as work:
        by_token = identity(work, work.session.get_one(User, portal.officer.id))
    with portal.site.work(actor=replace(by_token, token_id=row.id)) as work, pytest.raises(Forbidden):
        work.get(TokenService).make(
            work.session.get_one(User, portal.officer.id), name="GIS", scopes=["cases:read"]
        )


@pytest.mark.parametrize(
    ("personal", "officer", "citizen"),
    [("staff", True, False), ("everybody", True, True), ("none", False, False)],
)
def test_the_site_says_who_makes_tokens(portal, personal, officer, citizen):
    set_in_browser(portal.site, "api.personal", personal)
    with portal.site.work(write=False) as work:
        for user, realm, expected in (
            (portal.officer, "staff", officer),
            (portal.citizen, "citizen", citizen),
        ):
            with work.acting_as(identity(work, user, realm)):
                assert work.get(TokenService).may_make() == expected


def test_what_is_not_possible_is_refused(portal, monkeypatch):
    for values in (
        {"scopes": []},
        {"scopes": ["cases:everything"]},
        {"scopes": ["organization:write"]},
        {"days": 0},
        {"days": 366},
    ):
        with pytest.raises(Refused):
            make(portal, portal.officer, **values)
    for _number in range(MOST_TOKENS):
        make(portal, portal.officer, days=1)
    with pytest.raises(Refused):
        make(portal, portal.officer)
    portal.site.clock.advance(days=2)
    make(portal, portal.officer, days=365)


def test_a_site_without_an_api_opens_nothing(portal):
    token = token_for(portal.site, portal.officer, "cases:read")
    set_in_browser(portal.site, "api.enabled", "false")
    call(portal, token, status=404)
    call(portal, token, "public", status=404)
    portal.browser.get("/api/v1/gadget/me", status=404)


def test_tokens_are_on_the_record(portal):
    row, _token = make(portal, portal.officer)
    with portal.site.work(actor=actor(portal, portal.officer)) as work:
        service = work.get(TokenService)
        service.revoke(service.fetch(work.session.get_one(User, portal.officer.id), row.id))
    acting = token_for(portal.site, portal.officer, "cases:write")
    portal.browser.post("/api/v1/gadget/change", headers=bearer(acting))
    with portal.site.work(write=False) as work:
        events = work.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
        by_token = next(event for event in events if event.action == "gadget:change")
        acting_id = work.session.scalars(select(Token.id).order_by(Token.id.desc())).first()
    found = [
        (event.action, event.data.get("token_id")) for event in events if event.action.startswith("token")
    ]
    assert found == [("token:make", row.id), ("token:revoke", row.id), ("token:make", acting_id)]
    assert by_token.actor_id == portal.officer.id
    assert by_token.data == {"token": acting_id}


# -- machines -------------------------------------------------------------------------------------------------


def make_client(portal, *, by=None, **values):
    with portal.site.work(actor=by or portal.administrator) as work:
        role = work.session.scalars(select(Role).where(Role.key == values.pop("role", "officer"))).one()
        unit = values.pop("unit", portal.waste)
        return work.get(ClientService).make(
            **{
                "name": "سامانهٔ ۱۳۷",
                "role": role,
                "unit": unit,
                "scopes": ["cases:read", "cases:write"],
                **values,
            }
        )


def test_a_machine_acts_under_its_own_name_with_the_rights_of_its_role(portal):
    client, token = make_client(portal)
    assert token.startswith("cpm_")
    said = call(portal, token).json
    assert said["user"] == client.user_id
    assert said["realm"] == "staff"
    assert set(said["cases"]) == {portal.codes["waste"], portal.codes["bins"]}
    portal.browser.post("/api/v1/gadget/change", headers=bearer(token))
    with portal.site.work(write=False) as work:
        event = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "gadget:change")).one()
        assert (event.actor_id, event.actor_name) == (client.user_id, "سامانهٔ ۱۳۷")


def test_a_machine_is_no_colleague_and_no_citizen(portal):
    client, _token = make_client(portal)
    with portal.site.work(actor=portal.administrator, write=False) as work:
        assert client.user_id not in {id_ for people in offered(work).values() for id_, _name in people}
        directory, people = work.get(MemberDirectory), work.get(PeopleService)
        for who in ("staff", "citizens"):
            assert client.user_id not in {row.id for row in directory.page(MemberQuery(who=who)).rows}
        assert directory.counts() == {"staff": 3, "citizens": 1}
        everybody = [*people.staff(), *people.citizens()]
        assert client.user_id not in {person.user_id for person in everybody}


def test_a_machine_without_its_role_has_no_rights(portal):
    _client, token = make_client(portal)
    with portal.site.work(actor=portal.administrator) as work:
        role = work.session.scalars(select(Role).where(Role.key == "officer")).one()
        work.get(RoleService).delete(role)
    assert call(portal, token).json["cases"] == []
    with portal.site.work(write=False) as work:
        assert work.session.scalars(select(ApiClient)).one().role is None


def test_a_machine_gets_no_more_than_its_maker_has(portal):
    with pytest.raises(Forbidden):
        make_client(portal, by=actor(portal, portal.officer), unit=portal.light)
    with pytest.raises(Refused):
        make_client(portal, role="administrator", unit=None)
    client, _token = make_client(portal, role="both", unit=None)
    for act in (lambda service, one: service.rotate(one), lambda service, one: change(service, one)):
        with portal.site.work(actor=actor(portal, portal.officer)) as work, pytest.raises(Forbidden):
            service = work.get(ClientService)
            act(service, service.fetch(client.id))


def change(service, client, **values):
    unit = service.session.get(Unit, client.unit_id) if client.unit_id else None
    usual = {"name": "نقشه", "role": client.role, "unit": unit, "scopes": client.scopes, "note": ""}
    service.change(client, **{**usual, **values})


def test_the_tokens_of_a_machine_follow_its_changes(portal):
    client, token = make_client(portal)
    with portal.site.work(actor=portal.administrator) as work:
        service = work.get(ClientService)
        change(service, service.fetch(client.id), unit=work.session.get_one(Unit, portal.light.id))
    assert call(portal, token).json["cases"] == [portal.codes["lighting"]]
    with portal.site.work(actor=portal.administrator) as work:
        service = work.get(ClientService)
        change(service, service.fetch(client.id), scopes=["statistics:read"])
    call(portal, token, status=403)


def test_a_new_token_of_a_machine_leaves_a_day_for_the_change(portal):
    client, old = make_client(portal)
    with portal.site.work(actor=portal.administrator) as work:
        service = work.get(ClientService)
        new = service.rotate(service.fetch(client.id))
    portal.site.clock.advance(hours=23)
    call(portal, old)
    call(portal, new)
    portal.site.clock.advance(hours=2)
    call(portal, old, status=401)
    call(portal, new)
    with portal.site.work(actor=portal.administrator) as work:
        service = work.get(ClientService)
        service.revoke(service.fetch(client.id))
    call(portal, new, status=401)


# -- views say what they need ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "options", "message"),
    [
        ("/api/v1/widget", {"permission": PagePermission.SIGNED_IN}, "has a scope"),
        (
            "/api/v1/widget",
            {"permission": PagePermission.STAFF, "scope": "cases:all"},
            "no scope 'cases:all'",
        ),
        ("/widget", {"permission": PagePermission.STAFF, "scope": "cases:read"}, "only views for programs"),
    ],
)
def test_a_view_that_says_it_wrongly_is_refused_at_the_start(install, assemble, pattern, options, message):
    install.plugin("widget", adds(("page", pattern, options), plugin="widget"))
    with pytest.raises(ConfigurationError, match=message):
        create_app(assemble("widget"))


def test_the_answer_is_kept_nowhere(portal):
    token = token_for(portal.site, portal.officer, "cases:read")
    answer = call(portal, token)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert json.loads(answer.text)["user"] == portal.officer.id
