"""The administrators' pages of webhooks, through the real application, without script."""

import json

import pytest
from receivers import receiving, status
from sqlalchemy import select

from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.webhooks.delivery import deliver_once
from civicportal.domain.webhooks.models import Webhook, WebhookAttempt, WebhookDelivery
from civicportal.testing import make_case, make_citizen, make_staff

LIST = "/admin/webhooks"


@pytest.fixture
def civic_settings():
    return {"site": {"locale": "en"}}


@pytest.fixture(autouse=True)
def local(site, monkeypatch):
    settings = {**site.settings["webhooks"], "http": True, "private_networks": ["127.0.0.0/8"]}
    monkeypatch.setitem(site.settings, "webhooks", settings)


@pytest.fixture
def receiver():
    with receiving() as running:
        yield running


@pytest.fixture(autouse=True)
def boss(site, sign_in):
    with site.work() as work:
        user = make_staff(work, "administrator")
    sign_in(user)
    return user


def button(page, action):
    return next(form for form in page.forms.values() if form.action.endswith(action))


def fill(page, address, *events):
    form = next(form for form in page.forms.values() if "address" in form.fields)
    form["address"] = address
    chosen = set(events)
    for field in form.fields["events"]:
        field.checked = field._value in chosen
    return form


def add(app, address, *events):
    """Add a webhook and return the page with its secret."""
    return fill(app.get(f"{LIST}/new", status=200), address, *(events or ("case.created",))).submit(
        status=200
    )


def only(site, model):
    with site.work(write=False) as work:
        return work.session.scalars(select(model)).one()


def test_a_webhook_is_added_and_its_secret_shown_once(site, app, receiver):
    assert "No webhook" in app.get(LIST)
    page = add(app, receiver.address)
    secret = page.html.select_one("#secret")["value"]
    assert secret.startswith("whsec_")
    stored = only(site, Webhook)
    assert secret not in stored.secret
    assert site.keys.decrypt(stored.secret) == secret
    for path in (LIST, f"{LIST}/{stored.id}", f"{LIST}/{stored.id}/edit", f"{LIST}/{stored.id}/secret"):
        assert secret.removeprefix("whsec_") not in app.get(path, status=200)
    with site.work(write=False) as work:
        recorded = work.session.scalars(select(AuditEvent)).all()
    assert secret not in str([event.data for event in recorded])


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("", "Please fill in"),
        ("gis.example.org", "not a complete web address"),
        ("https://10.0.0.1/", "private network"),
        ("https://user:word@gis.example.org/", "user name or password"),
    ],
)
def test_a_wrong_address_is_told_at_its_field_and_nothing_typed_is_lost(site, app, address, told):
    page = app.get(f"{LIST}/new", status=200)
    form = fill(page, address, "case.closed")
    form["description"] = "the map"
    refused = form.submit(status=422)
    assert told in refused.html.select_one(".is-invalid").find_parent("div").parent.text
    again = next(form for form in refused.forms.values() if "address" in form.fields)
    assert (again["address"].value, again["description"].value) == (address, "the map")
    assert [field.checked for field in again.fields["events"] if field._value == "case.closed"] == [True]


def test_an_event_of_a_service_that_is_switched_off_stays_ordered(site, app, receiver):
    add(app, receiver.address)
    with site.work() as work:
        work.session.scalars(select(Webhook)).one().events = ["bicycle.lent", "case.created"]
    page = app.get(f"{LIST}/{only(site, Webhook).id}/edit")
    assert "bicycle.lent" in app.get(f"{LIST}/{only(site, Webhook).id}", status=200)
    form = next(form for form in page.forms.values() if "address" in form.fields)
    form["description"] = "the map"
    form.submit(status=303)
    stored = only(site, Webhook)
    assert (stored.description, sorted(stored.events)) == ("the map", ["bicycle.lent", "case.created"])


def test_a_webhook_needs_an_event(app):
    page = app.get(f"{LIST}/new", status=200)
    refused = fill(page, "https://gis.example.org/").submit(status=422)
    assert "choose at least one" in refused


def test_a_test_shows_its_outcome(site, app, receiver):
    add(app, receiver.address)
    receiver.answers.append(status(500, body=b"no room"))
    page = app.get(f"{LIST}/{only(site, Webhook).id}", status=200)
    shown = button(page, "/test").submit().follow(status=200)
    assert "Waiting" in shown
    deliver_once(site)
    shown = app.get(shown.request.path)
    assert "The receiver answered with the status 500." in shown
    assert "no room" in shown
    assert json.loads(receiver.received[0].body)["type"] == "org.civicportal.portal.test"
    assert receiver.received[0].headers["webhook-signature"].split(",")[1] not in shown


def test_failed_deliveries_are_sent_again_one_or_all(site, app, receiver, clock):
    add(app, receiver.address)
    webhook = only(site, Webhook).id
    receiver.answers += [status(410)]
    with site.work() as work:
        make_case(work, citizen=make_citizen(work))
    deliver_once(site)
    page = app.get(f"{LIST}/{webhook}", status=200)
    assert "Stopped: the receiver wants no events any more" in page
    page = button(page, "/switch").submit().follow(status=200)
    page = button(page, f"/{webhook}/replay").submit().follow(status=200)
    deliver_once(site)
    assert only(site, WebhookDelivery).state == "sent"
    page = app.get(f"{LIST}/{webhook}/deliveries/{only(site, WebhookDelivery).id}", status=200)
    shown = button(page, "/replay").submit().follow(status=200)
    assert "on its way again" in shown
    deliver_once(site)
    assert len(receiver.ids) == 3
    assert len(set(receiver.ids)) == 1
    assert (
        "Nothing has failed."
        in app.post(
            f"{LIST}/{webhook}/replay", {"csrf_token": button(shown, "/logout")["csrf_token"].value}
        ).follow()
    )


def test_the_list_is_filtered_by_state(site, app, receiver):
    add(app, receiver.address)
    webhook = only(site, Webhook).id
    with site.work() as work:
        make_case(work, citizen=make_citizen(work))
    assert "A case was registered" in app.get(f"{LIST}/{webhook}?state=new")
    page = app.get(f"{LIST}/{webhook}?state=dead")
    assert "No delivery" in page
    assert "No delivery" not in app.get(f"{LIST}/{webhook}?state=nonsense", status=200)


def test_pausing_and_a_new_secret(site, app, receiver):
    add(app, receiver.address)
    webhook = only(site, Webhook)
    page = button(app.get(f"{LIST}/{webhook.id}"), "/switch").submit().follow(status=200)
    assert "Paused by an administrator" in page
    assert not [form for form in page.forms.values() if form.action.endswith("/test")]
    page = app.get(f"{LIST}/{webhook.id}/secret")
    made = next(
        form for form in page.forms.values() if not form.action or form.action.endswith("/secret")
    ).submit()
    assert made.html.select_one("#secret")["value"].startswith("whsec_")
    assert "The former secret signs too until" in app.get(f"{LIST}/{webhook.id}")


def test_a_webhook_is_deleted_after_a_question(site, app, receiver):
    add(app, receiver.address)
    webhook = only(site, Webhook).id
    with site.work() as work:
        make_case(work, citizen=make_citizen(work))
    deliver_once(site)
    page = app.get(f"{LIST}/{webhook}/delete", status=200)
    next(form for form in page.forms.values() if "btn-danger" in str(form.text)).submit().follow(status=200)
    with site.work(write=False) as work:
        for model in (Webhook, WebhookDelivery, WebhookAttempt):
            assert work.session.scalars(select(model)).all() == []


def test_a_colleagues_change_is_not_overwritten(site, app, receiver):
    add(app, receiver.address)
    webhook = only(site, Webhook).id
    first, second = (app.get(f"{LIST}/{webhook}/edit") for _time in range(2))
    fill(first, f"{receiver.address}?first", "case.closed").submit(status=303)
    answer = fill(second, f"{receiver.address}?second", "case.closed").submit(status=409)
    assert "A colleague saved this while you were writing" in answer
    assert only(site, Webhook).address.endswith("?first")


def test_the_schemas_are_public(app):
    app.reset()
    schema = app.get("/api/v1/schemas/events/case.status_changed/1.json", status=200).json
    assert schema["properties"]["previous_status"] == {"type": "string"}
    app.get("/api/v1/schemas/events/case.status_changed/2.json", status=404)
    app.get("/api/v1/schemas/events/case.unknown/1.json", status=404)
