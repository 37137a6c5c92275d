"""What citizens follow by other software: a part of the city or a category, for the daily message."""

import pytest
from civicportal_reports.digest import send_digests
from civicportal_reports.models import Subscription
from civicportal_reports.subscriptions import MOST
from sqlalchemy import select

from civicportal.testing import outbox
from civicportal.testing.tokens import token_for

pytestmark = pytest.mark.both_databases

PLACE = {"lat": 31.0203, "lon": 52.015}


@pytest.fixture
def call(site, app, city):
    """Call as a person: ``call("citizen")`` lists, a body follows, and a path changes."""
    tokens, number = {}, iter(range(10**8, 10**9))

    def call(who, path="", body=None, *, status=None, key=None):
        person = getattr(city, who)
        tokens[who] = tokens.get(who) or token_for(site, person, "cases:read", "cases:write")
        headers = {"Authorization": f"Bearer {tokens[who]}"}
        address = f"/api/v1/reports/areas{path}"
        if body is None:
            return app.get(address, headers=headers, status=status or 200)
        headers["Idempotency-Key"] = key or str(next(number))
        usual = 200 if path else 201
        return app.post_json(address, body, headers=headers, status=status or usual)

    return call


def followed(call, who="citizen"):
    return call(who).json["items"]


def test_an_area_is_followed_listed_changed_and_left(call):
    made = call("citizen", body={"category": "pothole", "near": PLACE, "metres": 500}).json
    assert followed(call) == [made]
    expected = {"category": "pothole", "district": None, "near": PLACE, "metres": 500}
    assert {name: made[name] for name in expected} == expected
    changed = call("citizen", f"/{made['id']}", {"district": "منطقهٔ یک"}).json
    assert changed == {
        **made,
        "category": None,
        "district": "منطقهٔ یک",
        "near": None,
        "metres": None,
    }
    assert followed(call) == [changed]
    assert call("citizen", f"/{made['id']}/stop", {}).json == {"id": made["id"], "following": False}
    assert followed(call) == []
    call("citizen", f"/{made['id']}/stop", {}, status=404)


def test_the_page_and_the_api_show_the_same(app, sign_in, city, call):
    call("citizen", body={"category": "roads"})
    sign_in(city.citizen, "citizen")
    page = app.get("/reports/follow?near=31.0203,52.0150&within=500")
    assert len(page.html.select(".list-x li")) == 1
    page.forms["follow-form"].submit(status=303)
    assert [(one["category"], one["near"], one["metres"]) for one in followed(call)] == [
        ("roads", None, None),
        (None, PLACE, 500),
    ]


def test_the_daily_message_counts_what_is_followed_from_the_change_on(city, call, clock):
    def told():
        with city.site.work(write=False) as work:
            return [one for one in outbox(work, city.other.mobile) if one.kind == "reports.digest"]

    made = call("other", body={"category": "bin"}).json
    city.publish(city.send("pothole", city.street), by=city.officer)
    clock.advance(minutes=15)
    call("other", f"/{made['id']}", {"category": "roads"})
    send_digests(city.site)
    assert told() == []
    city.publish(city.send("pothole", city.street), by=city.officer)
    clock.advance(minutes=15)
    send_digests(city.site)
    assert len(told()) == 1


def test_the_same_is_followed_once(call):
    key = "0123456789abcdef"
    first = call("citizen", body={"category": "roads"}, key=key).json
    assert call("citizen", body={"category": "roads"}, key=key).json == first
    assert call("citizen", body={"category": "roads"}).json == first
    other = call("citizen", body={"near": PLACE}).json
    assert other["metres"] == 1000
    # The distance alone counts for nothing without a point.
    assert call("citizen", body={"category": "roads", "metres": 5000}).json == first
    assert call("citizen", f"/{first['id']}", {"category": "roads"}).json == first
    call("citizen", f"/{first['id']}", {"near": PLACE}, status=422)
    assert followed(call) == [first, other]


def test_there_is_a_limit(call):
    for number in range(MOST):
        call("citizen", body={"near": {"lat": 31.0 + number / 100, "lon": 52.0}})
    wrong = call("citizen", body={"category": "roads"}, status=422).json
    assert "۱۰" in wrong["detail"]
    first = call("citizen", "?limit=4").json
    assert len(first["items"]) == 4
    assert len(call("citizen", f"?cursor={first['next']}").json["items"]) == MOST - 4


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"category": "nothing"}, "#/category"),
        ({"district": "nowhere"}, "#/district"),
        ({"near": "31,52"}, "#/near"),
        ({"near": {"lat": 31.0}}, "#/near/lon"),
        ({"near": {"lat": 91, "lon": 52}}, "#/near/lat"),
        ({"near": {"lat": "31", "lon": 52}}, "#/near/lat"),
        ({"near": PLACE, "metres": 501}, "#/metres"),
        ({"near": PLACE, "metres": 0}, "#/metres"),
        ({"near": PLACE, "metres": True}, "#/metres"),
        ({"user_id": 1}, "#/user_id"),
    ],
)
def test_a_mistake_is_pointed_at(call, body, pointer):
    made = call("citizen", body={"category": "roads"}).json
    for path in ("", f"/{made['id']}"):
        wrong = call("citizen", path, body, status=422).json
        assert [one["pointer"] for one in wrong["errors"]] == [pointer]
    assert followed(call) == [made]


def test_something_must_be_chosen(call):
    made = call("citizen", body={"category": "roads"}).json
    for path in ("", f"/{made['id']}"):
        assert "انتخاب کنید" in call("citizen", path, {"metres": 500}, status=422).json["detail"]
    call("citizen", "?cursor=x", status=400)


def test_they_are_ones_own(site, app, city, call):
    made = call("citizen", body={"category": "roads"}).json
    one = f"/{made['id']}"
    assert followed(call, "other") == []
    call("other", one, {"category": "bin"}, status=404)
    call("other", f"{one}/stop", {}, status=404)
    call("citizen", "/999999999", {"category": "bin"}, status=404)
    for path, body in (
        ("", None),
        ("", {"category": "bin"}),
        (one, {"category": "bin"}),
        (f"{one}/stop", {}),
    ):
        call("officer", path, body, status=403)
    app.get("/api/v1/reports/areas", status=401)
    with site.work(write=False) as work:
        [row] = work.session.scalars(select(Subscription))
    assert (row.user_id, row.category) == (city.citizen.user_id, "roads")
