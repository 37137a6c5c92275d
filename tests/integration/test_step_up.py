"""Routes that change access or export personal data require re-authentication: a walk over all routes."""

from datetime import timedelta
from typing import Any

import pytest
from integration.routes import pages_of
from integration.test_passkeys import csrf
from sqlalchemy import func, select

from civicportal.domain.accounts.models import Invitation, Membership, Passkey, Session
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.webhooks.services import WebhookService
from civicportal.testing import make_staff

#: Pages that change accounts, rights, settings or what leaves the portal begin so.
SENSITIVE = ("/admin/members", "/admin/roles", "/admin/settings", "/admin/webhooks", "/account/")
#: Of those, the forms that need no proof, and why.
FREE = {
    "admin.members_find": "only looks for people",
    "admin.invitation_revoke": "takes a right back",
    "admin.member_sessions_end": "signs somebody out",
    "admin.member_deputy_end": "takes a right back",
    "admin.webhook_test": "sends a test to an address that was proved",
    "admin.webhook_switch": "changes when events are sent, not where",
    "admin.webhook_replay": "sends again where it was sent before",
    "admin.webhook_delivery_replay": "sends again where it was sent before",
    "admin.webhook_delete": "sends nothing any more",
    "account_confirm": "is where one proves it",
    "account_confirm_app": "is where one proves it",
    "account_confirm_code": "is where one proves it",
    "account_confirm_passkey": "is where one proves it",
    "account_name": "changes what one is called alone",
    "account_session_end": "signs a device out",
    "account_sessions_others": "signs devices out",
    "account_notifications": "changes which messages come",
    "account_identity": "is judged by the provider of identities",
    "account_deputy_end": "takes a right back",
    "account_token_revoke": "takes a right back",
    "admin.member_token_end": "takes a right back",
    "account_app_end": "takes a right back",
    "account_delete": "asks for a code of its own",
    "account_delete_code": "sends that code",
}


@pytest.fixture
def portal(site: Any, app: Any, sign_in: Any, clock: Any) -> dict[str, str]:
    """An administrator whose proof has expired, and a person whose account they manage: the ids in addresses."""
    with site.work() as work:
        boss = make_staff(work, "administrator")
        work.get(AccountService).set_password(boss, "سپیدار بلند کنار رود")
        officer = make_staff(work, "officer")
        now = work.clock.now()
        webhook, _secret = work.get(WebhookService).add(
            {
                "address": "https://gis.example/events",
                "description": "",
                "events": ["case.created"],
                "category_id": None,
                "unit_id": None,
            }
        )
        work.session.add(
            Passkey(
                user_id=boss.id, credential_id="x", public_key=b"", user_handle="h", name="n", created_at=now
            )
        )
        invited = {"purpose": "join", "username": "new", "mobile": "+989120000055", "created_at": now}
        work.session.add(Invitation(token_hash="t", expires_at=now + timedelta(days=1), **invited))
        membership = work.session.scalars(select(Membership).where(Membership.user_id == officer.id)).one()
    sign_in(boss)
    clock.advance(minutes=6)
    return {
        "member": str(officer.id),
        "role": str(membership.role_id),
        "number": str(membership.id),
        "webhook": str(webhook.id),
    }


def counted(site: Any) -> dict[str, int]:
    """How many rows there are of everything that a sensitive action writes."""
    with site.work(write=False) as work:
        tables = (Membership, Passkey, Invitation, Session)
        return {
            table.__tablename__: work.session.scalar(select(func.count()).select_from(table)) or 0
            for table in tables
        }


def test_no_sensitive_form_is_acted_on_without_a_fresh_proof(
    site: Any, app: Any, portal: dict[str, str]
) -> None:
    token, before = csrf(app, "/account/name"), counted(site)
    problems, asked = [], set()
    for page in pages_of(app.app.registry):
        if "POST" not in page.methods or not page.pattern.startswith(SENSITIVE) or page.route in FREE:
            continue
        id_ = portal["role"] if page.pattern.startswith("/admin/roles") else portal["member"]
        id_ = portal["webhook"] if page.pattern.startswith("/admin/webhooks") else id_
        id_ = "1" if "invitation" in page.route or "passkey" in page.route else id_
        answer = app.post(page.path(id=id_, number=portal["number"]), {"csrf_token": token}, status="*")
        asked.add(page.route)
        if answer.status_int != 303 or "/account/confirm" not in answer.location:
            problems.append(f"{page.route}: {answer.status} {answer.location or ''}")
    assert not problems
    assert counted(site) == before
    assert {"admin.member_disable", "admin.member_role", "admin.settings", "account_mobile"} <= asked


def test_what_was_typed_into_the_settings_waits_for_the_proof(
    site: Any, app: Any, portal: dict[str, str]
) -> None:
    form = next(form for form in app.get("/admin/settings").forms.values() if "short_name" in form.fields)
    form["name"] = "سامانهٔ نو"
    page = form.submit(status=303).follow()
    confirm = next(form for form in page.forms.values() if "password" in form.fields)
    confirm["password"] = "سپیدار بلند کنار رود"
    page = confirm.submit(status=303).follow()
    form = next(form for form in page.forms.values() if "short_name" in form.fields)
    assert form["name"].value == "سامانهٔ نو"
    form.submit(status=303)
    assert site.name == "سامانهٔ نو"


@pytest.mark.both_databases
def test_an_address_that_waited_for_the_proof_is_kept_once_given(
    site: Any, app: Any, portal: dict[str, str]
) -> None:
    """On a page whose unit of work is open before the proof is asked for: two writers would wait for each other."""
    path = f"/admin/webhooks/{portal['webhook']}/edit"
    confirm = _with_field(app.get(path, status=303).follow(), "password")
    confirm["password"] = "سپیدار بلند کنار رود"
    form = _with_field(confirm.submit(status=303).follow(), "address")
    site.clock.advance(minutes=6)
    form["address"] = "https://gis.example/new"
    confirm = _with_field(form.submit(status=303).follow(), "password")
    confirm["password"] = "سپیدار بلند کنار رود"
    form = _with_field(confirm.submit(status=303).follow(), "address")
    assert form["address"].value == "https://gis.example/new"
    form.submit(status=303)
    with site.work(write=False) as work:
        assert work.get(WebhookService).fetch(int(portal["webhook"])).address == "https://gis.example/new"
    assert _with_field(app.get(path, status=200), "address")["address"].value == "https://gis.example/new"


def _with_field(page: Any, name: str) -> Any:
    return next(form for form in page.forms.values() if name in form.fields)
