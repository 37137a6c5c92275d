"""OAuth 2.1 with a real client over HTTP: credentials, consent with PKCE, refresh, revocation; and what is refused."""

import base64
import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from browser_settings import set_in_browser
from sign_in_forms import form_with
from sqlalchemy import select
from webtest import TestApp

from civicportal.app import create_app
from civicportal.domain.accounts.models import Role, User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.tokens.authentication import load_token
from civicportal.domain.tokens.models import ApiClient, OAuthGrant, RefreshToken, Token
from civicportal.domain.tokens.services import ClientService
from civicportal.portal.cleanup import clean_tokens
from civicportal.testing import identity, make_citizen, make_staff, make_unit
from civicportal.testing.serving import Server

pytestmark = pytest.mark.both_databases

BACK = "https://app.example.org/back?from=portal"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPES = ["cases:read", "cases:write"]


@pytest.fixture
def city(site, civic_environment):
    """A city with a member of staff, a citizen, and a program that acts for itself and for people."""
    with site.work() as work:
        waste = make_unit(work, "waste")
        officer = make_staff(work, "officer", unit=waste)
        citizen = make_citizen(work)
    with site.work() as work:
        role = work.session.scalars(select(Role).where(Role.key == "officer")).one()
        service = work.get(ClientService)
        client, _token = service.make(
            name="نقشه", role=role, unit=waste, scopes=SCOPES, redirect_uris=[BACK, "org.example.map:/back"]
        )
        secret = service.new_secret(client)
        public, _none = service.make(name="اپ شهر", role=None, scopes=SCOPES, redirect_uris=[BACK])
    return SimpleNamespace(
        site=site,
        app=civic_environment.app,
        officer=officer,
        citizen=citizen,
        client=client,
        secret=secret,
        public=public,
    )


@pytest.fixture
def served(city, monkeypatch):
    """The portal at an address, for clients that speak HTTP. They insist on https elsewhere."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    server = Server(city.app)
    yield server.address
    server.close()


def signed_in(city, user, realm="staff"):
    browser = TestApp(city.app)
    with city.site.work() as work:
        token = work.get(SessionService).open(realm, work.session.get_one(User, user.id))
    browser.set_cookie(city.site.cookie_name, token)
    return browser


def authorize_path(city, client=None, **changed):
    parameters = {
        "response_type": "code",
        "client_id": (client or city.client).public_id,
        "redirect_uri": BACK,
        "scope": "cases:read",
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changed,
    }
    query = requests.models.PreparedRequest()
    query.prepare_url(
        "http://localhost/oauth/authorize", {k: v for k, v in parameters.items() if v is not None}
    )
    return query.path_url


def consent(city, user=None, decision="allow", *, realm="staff", path=None, client=None, **changed):
    """Answer the page of consent; return the parameters of the address that it leads to."""
    browser = signed_in(city, user or city.officer, realm)
    page = browser.get(path or authorize_path(city, client, **changed))
    form = next(form for form in page.forms.values() if "decision" in form.fields)
    answer = form.submit("decision", value=decision, status=302)
    assert answer.location.startswith(BACK + "&")
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}


def ask(city, status=200, path="/api/oauth/token", secret=True, **values):
    headers = {}
    if secret:
        pair = f"{city.client.public_id}:{city.secret if secret is True else secret}"
        headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    answer = TestApp(city.app).post(path, values, headers=headers, status=status)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json


def exchange(city, code, **values):
    usual = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }
    return ask(city, **{**usual, **values})


# -- a real client --------------------------------------------------------------------------------------------


def test_a_program_gets_tokens_for_itself(city, served):
    found = requests.get(f"{served}/.well-known/oauth-authorization-server", timeout=30).json()
    with OAuth2Session(
        city.client.public_id, city.secret, token_endpoint_auth_method="client_secret_basic"
    ) as client:
        token = client.fetch_token(
            found["token_endpoint"], grant_type="client_credentials", scope="cases:read"
        )
        assert token["expires_in"] == 3600
        assert "refresh_token" not in token
        acting = load_token(city.site, token["access_token"])
        assert acting.user_id == city.client.user_id
        assert acting.scopes == {"cases:read"}
        client.revoke_token(found["revocation_endpoint"], token["access_token"]).raise_for_status()
        assert load_token(city.site, token["access_token"]) is None
        with pytest.raises(OAuthError, match="invalid_scope"):
            client.fetch_token(found["token_endpoint"], grant_type="client_credentials", scope="members:read")


@pytest.mark.parametrize("realm", ["staff", "citizen"])
def test_a_program_acts_for_a_person_who_agrees(city, served, realm):
    user = city.officer if realm == "staff" else city.citizen
    found = requests.get(f"{served}/.well-known/oauth-authorization-server", timeout=30).json()
    client = OAuth2Session(
        city.public.public_id,
        token_endpoint_auth_method="none",
        scope="cases:read cases:write",
        redirect_uri=BACK,
        code_challenge_method="S256",
    )
    address, state = client.create_authorization_url(found["authorization_endpoint"], code_verifier=VERIFIER)
    answer = consent(city, user, realm=realm, path=address.removeprefix(served))
    assert answer["state"] == state
    token = client.fetch_token(found["token_endpoint"], code=answer["code"], code_verifier=VERIFIER)
    acting = load_token(city.site, token["access_token"])
    assert (acting.user_id, acting.identity.realm) == (user.id, realm)
    assert acting.scopes == {"cases:read", "cases:write"}

    again = client.refresh_token(found["token_endpoint"], token["refresh_token"])
    assert again["refresh_token"] != token["refresh_token"]
    assert load_token(city.site, again["access_token"])
    # The former refresh token has been stolen, or the program is wrong: all of it ends.
    with pytest.raises(OAuthError, match="invalid_grant"):
        client.refresh_token(found["token_endpoint"], token["refresh_token"])
    for ended in (token, again):
        assert load_token(city.site, ended["access_token"]) is None
    with pytest.raises(OAuthError, match="invalid_grant"):
        client.refresh_token(found["token_endpoint"], again["refresh_token"])
    client.close()


def test_the_document_is_that_of_the_standard(city):
    answer = TestApp(city.app).get("/.well-known/oauth-authorization-server")
    assert answer.content_type == "application/json"
    found = {
        name: value.replace("http://", "https://") if isinstance(value, str) else value
        for name, value in answer.json.items()
    }
    AuthorizationServerMetadata(found).validate()
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["authorization_response_iss_parameter_supported"] is True
    for name in ("authorization_endpoint", "token_endpoint", "revocation_endpoint"):
        assert found[name].startswith(found["issuer"] + "/")


# -- the page of consent --------------------------------------------------------------------------------------


def test_a_visitor_signs_in_first(city):
    answer = TestApp(city.app).get(authorize_path(city), status=303)
    assert "/login?next=/oauth/authorize%3F" in answer.location


def test_consent_needs_a_recent_proof(city):
    browser = signed_in(city, city.officer)
    browser.get(authorize_path(city))
    city.site.clock.advance(minutes=10)
    answer = browser.get(authorize_path(city), status=303)
    assert "/account/confirm?next=%2Foauth%2Fauthorize%3F" in answer.location


def test_the_page_says_who_gets_what_and_where_it_leads(city):
    page = signed_in(city, city.officer).get(authorize_path(city, scope="cases:read"))
    assert "نقشه" in page
    assert "مشاهده و خروجی گرفتن از پرونده‌ها" in page
    assert "ثبت پرونده" not in page.html.select_one("main").text
    assert "app.example.org" in page
    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' https://app.example.org;" in policy
    private = signed_in(city, city.officer).get(authorize_path(city, redirect_uri="org.example.map:/back"))
    assert "form-action 'self' org.example.map:;" in private.headers["Content-Security-Policy"]


def test_a_person_may_deny(city):
    answer = consent(city, decision="deny")
    assert {name: answer[name] for name in ("from", "error", "state")} == {
        "from": "portal",
        "error": "access_denied",
        "state": "s1",
    }
    assert answer["iss"] == "http://localhost"
    assert "code" not in answer
    with city.site.work(write=False) as work:
        assert work.session.scalars(select(OAuthGrant)).all() == []


def test_consent_needs_the_token_of_the_form(city):
    browser = signed_in(city, city.officer)
    browser.post(authorize_path(city), {"decision": "allow"}, status=400)


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "client-999"},
        {"client_id": "client-x"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://app.example.org/back"},
        {"redirect_uri": BACK + "&x=1"},
        {"redirect_uri": "https://evil.example.org/back"},
        {"redirect_uri": 'https://evil.example.org/"<b>'},
        {"redirect_uri": "http://app.example.org/back?from=portal"},
    ],
)
def test_no_one_is_sent_to_an_address_that_is_not_registered(city, changed):
    answer = signed_in(city, city.officer).get(authorize_path(city, **changed), status=400)
    assert "Location" not in answer.headers
    assert "evil" not in answer.html.select_one("main").text


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "cases:read members:write"}, "invalid_scope"),
        ({"scope": "cases:everything"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)
def test_the_program_is_told_what_it_asks_wrongly(city, changed, error):
    answer = signed_in(city, city.officer).get(authorize_path(city, **changed), status=302)
    assert answer.location.startswith(BACK + "&")
    said = parse_qs(urlsplit(answer.location).query)
    assert said["error"] == [error]
    assert said["state"] == ["s1"]
    assert said["iss"] == ["http://localhost"]


# -- codes and tokens -----------------------------------------------------------------------------------------


def test_a_code_is_used_once_and_presented_again_ends_what_it_led_to(city):
    code = consent(city)["code"]
    token = exchange(city, code)
    assert load_token(city.site, token["access_token"])
    assert exchange(city, code, status=400) == {
        "error": "invalid_grant",
        "error_description": "Invalid 'code' in request.",
    }
    assert load_token(city.site, token["access_token"]) is None
    ask(city, 400, grant_type="refresh_token", refresh_token=token["refresh_token"])
    with city.site.work(write=False) as work:
        events = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "token:disallow")).all()
        assert [event.data["reason"] for event in events] == ["replayed"]


def test_a_code_that_two_exchange_at_once_gives_tokens_once_at_most(city):
    code = consent(city)["code"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _number: exchange(city, code, status="*"), range(4)))
    given = [answer["access_token"] for answer in answers if "access_token" in answer]
    assert len(given) <= 1
    assert all(answer["error"] == "invalid_grant" for answer in answers if "access_token" not in answer)
    # Those who came later had a used code: what it led to has ended.
    assert [load_token(city.site, token) for token in given] == [None] * len(given)


@pytest.mark.parametrize(
    "values",
    [
        {"code_verifier": "w" * 64},
        {"code_verifier": ""},
        {"redirect_uri": "org.example.map:/back"},
        {"redirect_uri": ""},
        {"code": "cpc_" + "x" * 46},
    ],
)
def test_a_code_belongs_to_its_verifier_and_its_address(city, values):
    code = consent(city)["code"]
    assert "access_token" not in exchange(city, status=400, **{"code": code, **values})
    with city.site.work(write=False) as work:
        assert work.session.scalars(select(Token).where(Token.short)).all() == []


def test_a_code_belongs_to_its_client_and_to_a_minute(city):
    code = consent(city)["code"]
    other = {"client_id": city.public.public_id, "secret": False}
    assert exchange(city, code, status=400, **other)["error"] == "invalid_grant"
    city.site.clock.advance(seconds=61)
    assert exchange(city, code, status=400)["error"] == "invalid_grant"


def test_a_client_with_a_secret_shows_it(city):
    code = consent(city)["code"]
    for secret in ("wrong", False):
        values = {} if secret else {"client_id": city.client.public_id}
        assert exchange(city, code, status=401, secret=secret, **values)["error"] == "invalid_client"
    ask(city, 401, secret=False, grant_type="client_credentials", client_id=city.public.public_id)
    assert exchange(city, code)["scope"] == "cases:read"


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"grant_type": "password", "username": "x", "password": "y"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "\u00e9\u202e"}, "invalid_grant"),
    ],
)
def test_bad_requests_are_answered_as_the_standard_says(city, values, error):
    assert ask(city, 400, **values)["error"] == error


def test_wrong_secrets_are_limited_by_address(city):
    for _number in range(20):
        ask(city, 401, secret="wrong", grant_type="client_credentials")
    answer = TestApp(city.app).post(
        "/api/oauth/token",
        {"grant_type": "client_credentials", "client_id": city.client.public_id, "client_secret": "wrong"},
        expect_errors=True,
    )
    assert answer.status_int == 429
    assert "access_token" in ask(city, grant_type="client_credentials")


def test_a_refreshed_token_may_have_fewer_scopes_and_no_more(city):
    code = consent(city, scope="cases:read cases:write")["code"]
    token = exchange(city, code)
    wider = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"], "scope": "members:read"}
    assert ask(city, 400, **wider)["error"] == "invalid_scope"
    # The refused request has not used the token up.
    again = ask(city, grant_type="refresh_token", refresh_token=token["refresh_token"], scope="cases:read")
    assert again["scope"] == "cases:read"
    assert load_token(city.site, again["access_token"]).scopes == {"cases:read"}


def test_tokens_end_with_their_time(city):
    token = exchange(city, consent(city)["code"])
    city.site.clock.advance(minutes=61)
    assert load_token(city.site, token["access_token"]) is None
    token = ask(city, grant_type="refresh_token", refresh_token=token["refresh_token"])
    city.site.clock.advance(days=91)
    ask(city, 400, grant_type="refresh_token", refresh_token=token["refresh_token"])
    clean_tokens(city.site)
    with city.site.work(write=False) as work:
        for model in (OAuthGrant, RefreshToken):
            assert work.session.scalars(select(model)).all() == []
        assert not work.session.scalars(select(Token).where(Token.short)).all()


def test_a_revoked_refresh_token_ends_everything_and_one_of_others_nothing(city):
    token = exchange(city, consent(city)["code"])
    ask(city, path="/api/oauth/revoke", token="unknown")
    foreign = {"secret": False, "client_id": city.public.public_id, "token": token["refresh_token"]}
    ask(city, 400, path="/api/oauth/revoke", **foreign)
    assert load_token(city.site, token["access_token"])
    ask(city, path="/api/oauth/revoke", token=token["refresh_token"], token_type_hint="refresh_token")
    assert load_token(city.site, token["access_token"]) is None


@contextmanager
def changing(city):
    with city.site.work() as work:
        service = work.get(ClientService)
        yield service, service.fetch(city.client.id, lock=True)


def test_scopes_that_a_program_has_lost_its_tokens_have_lost_too(city):
    token = exchange(city, consent(city, scope="cases:read cases:write")["code"])
    with changing(city) as (service, client):
        service.change(
            client,
            name="نقشه",
            role=client.role,
            unit=None,
            scopes=["cases:read"],
            note="",
            redirect_uris=[BACK],
        )
    assert load_token(city.site, token["access_token"]).scopes == {"cases:read"}
    again = ask(city, grant_type="refresh_token", refresh_token=token["refresh_token"])
    assert again["scope"] == "cases:read"


def test_who_is_disabled_or_signed_out_everywhere_is_acted_for_no_more(city):
    token = exchange(city, consent(city)["code"])
    with city.site.work() as work:
        work.get(SessionService).end_everything(work.session.get_one(User, city.officer.id))
    assert load_token(city.site, token["access_token"]) is None
    ask(city, 400, grant_type="refresh_token", refresh_token=token["refresh_token"])


def test_a_person_sees_what_acts_for_them_and_ends_it(city):
    token = exchange(city, consent(city)["code"])
    browser = signed_in(city, city.officer)
    page = browser.get("/account/tokens")
    assert "نقشه" in page.html.select_one("main").text
    form = next(form for form in page.forms.values() if form.action.endswith("/end"))
    other = signed_in(city, city.citizen, "citizen")
    csrf = next(form for form in other.get("/account").forms.values() if form.action == "/logout")[
        "csrf_token"
    ].value
    other.post(form.action, {"csrf_token": csrf}, status=404)
    assert load_token(city.site, token["access_token"])
    page = form.submit(status=303).follow()
    assert load_token(city.site, token["access_token"]) is None
    assert not [form for form in page.forms.values() if form.action.endswith("/end")]


def test_nothing_is_stored_or_logged_in_the_clear(city, caplog):
    with caplog.at_level("DEBUG"):
        code = consent(city)["code"]
        token = exchange(city, code)
    for secret in (code, token["access_token"], token["refresh_token"], city.secret):
        assert re.fullmatch(r"cp[acrs]_[0-9A-Za-z]{46}", secret)
        with city.site.work(write=False) as work:
            for model in (ApiClient, OAuthGrant, RefreshToken, Token, AuditEvent):
                rows = work.session.execute(select(model.__table__)).all()
                assert not [row for row in rows if secret in str(row)]
    # In production the log masks them, and authlib is heard from warnings on.
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("authlib")]
    assert not [line for line in ours if "cpa_" in line or "cpr_" in line or "cpc_" in line]


def test_a_site_without_an_api_has_no_oauth(city):
    set_in_browser(city.site, "api.enabled", "false")
    signed_in(city, city.officer).get(authorize_path(city), status=404)
    for path in ("/.well-known/oauth-authorization-server",):
        TestApp(city.app).get(path, status=404)
    TestApp(city.app).post("/api/oauth/token", {"grant_type": "client_credentials"}, status=404)


# -- the pages of administrators ------------------------------------------------------------------------------


@pytest.fixture
def administrator(city):
    with city.site.work() as work:
        user = make_staff(work, "administrator")
    return signed_in(city, user)


def test_an_administrator_registers_an_app_without_access_of_its_own(city, administrator):
    form = form_with(administrator.get("/admin/clients/new"), "role")
    form["name"] = "اپ همراه"
    form.fields["scopes"][0].checked = True
    assert form.submit(status=422)
    form["redirect_uris"] = f"{BACK}\norg.example.app:/done"
    page = form.submit(status=303).follow()
    with city.site.work(write=False) as work:
        client = work.session.scalars(select(ApiClient).order_by(ApiClient.id.desc())).first()
        assert client.redirect_uris == [BACK, "org.example.app:/done"]
        assert client.role is None
        assert work.session.scalars(select(Token).where(Token.user_id == client.user_id)).all() == []
    assert client.public_id in page


@pytest.mark.parametrize(
    "address",
    [
        "http://app.example.org/",
        "javascript:alert(1)",
        "https://",
        "https://user@app.example.org/",
        "https://app.example.org/#part",
        "app:/back",
        "https://app.example.org/" + "x" * 500,
        "https://app.example.org/ü",
    ],
)
def test_addresses_to_which_no_one_should_be_sent_are_refused(city, administrator, address):
    form = form_with(administrator.get("/admin/clients/new"), "role")
    form["name"] = "اپ همراه"
    form.fields["scopes"][0].checked = True
    form["redirect_uris"] = address
    page = form.submit(status=422)
    assert page.html.select("#redirect_uris.is-invalid, #redirect_uris-error")


def test_a_secret_is_shown_once_and_replaces_the_former(city, administrator):
    page = administrator.get(f"/admin/clients/{city.client.id}")
    form = next(form for form in page.forms.values() if form.action.endswith("/secret"))
    shown = form.submit(status=200)
    secret = shown.html.select_one("#token")["value"]
    assert secret not in administrator.get(f"/admin/clients/{city.client.id}")
    assert ask(city, 401, grant_type="client_credentials")["error"] == "invalid_client"
    assert "access_token" in ask(city, secret=secret, grant_type="client_credentials")


def test_the_end_of_a_program_ends_all_that_people_allowed(city, administrator):
    mine = ask(city, grant_type="client_credentials")
    token = exchange(city, consent(city)["code"])
    page = administrator.get(f"/admin/clients/{city.client.id}")
    next(form for form in page.forms.values() if form.action.endswith("/revoke")).submit(status=303)
    for ended in (mine, token):
        assert load_token(city.site, ended["access_token"]) is None
    ask(city, 401, grant_type="client_credentials")


def test_who_may_not_give_the_role_makes_no_secret(city):
    with city.site.work() as work:
        user = make_staff(work, "connector", permissions=["core:client:manage"])
        actor = identity(work, user)
    browser = signed_in(city, user)
    assert actor.permits("core:client:manage")
    page = browser.get(f"/admin/clients/{city.client.id}")
    form = next(form for form in page.forms.values() if form.action.endswith("/secret"))
    assert form.submit(status=303).location.endswith(f"/admin/clients/{city.client.id}")
    assert "access_token" in ask(city, grant_type="client_credentials")


def test_the_application_starts_with_all_of_it(site):
    assert create_app(site)
