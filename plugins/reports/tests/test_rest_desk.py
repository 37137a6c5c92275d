"""What officers do with reports by other software: the place is corrected, pictures of contractors prove the work."""

from urllib.parse import urlsplit

import pytest
from webtest import Upload

from civicportal.testing.tokens import token_for

pytestmark = pytest.mark.both_databases

FIRM = {"name": "پیمانکاری نمونه"}


@pytest.fixture
def desk(site, app, city):
    """Call with the token of the officer: ``desk(path)``, or a change of the case as it is now."""
    token = {"Authorization": f"Bearer {token_for(site, city.officer, 'cases:read', 'cases:write')}"}
    number = iter(range(10**8, 10**9))

    def desk(path, action=None, body=None, *, status=200):
        found = app.get(f"/api/v1{path}", headers=token)
        if action is None:
            return found.json
        headers = {**token, "If-Match": found.headers["ETag"], "Idempotency-Key": str(next(number))}
        return app.post_json(f"/api/v1{path}/{action}", body or {}, headers=headers, status=status).json

    return desk


def test_the_place_of_a_report_is_corrected(city, desk):
    path = f"/cases/{city.send()}"
    shown = desk(f"{path}/correction")
    assert shown["detail"]["place"]["lat"] == city.street.lat
    schema = shown["body"]["properties"]["detail"]
    assert set(schema["properties"]) == {"place", "street"}
    there = {"lat": city.other_district.lat, "lon": city.other_district.lon}
    moved = desk(path, "correction", {"detail": {"place": there}})
    assert moved["place"].endswith("منطقهٔ دو")
    assert moved["detail"]["lat"] == city.other_district.lat
    # What the body leaves out stays.
    assert desk(path, "correction", {"category": "sidewalk"})["place"] == moved["place"]


@pytest.mark.parametrize(
    ("detail", "pointer"),
    [
        ({"place": {"lat": 40.0, "lon": 52.0}}, "#/detail/place"),
        ({"place": {"lat": 31.02, "lon": 52.0}, "street": "کوچهٔ ناموجود"}, "#/detail/street"),
        ({"place": {"lat": "31", "lon": 52.0}}, "#/detail/place/lat"),
        ({"street": "خیابان آزادی"}, "#/detail/place"),
        ({"place": {"lat": 31.02, "lon": 52.0}, "unit": "civil"}, "#/detail/unit"),
    ],
)
def test_a_wrong_place_is_pointed_at_and_nothing_changes(city, desk, detail, pointer):
    path = f"/cases/{city.send()}"
    before = desk(path)
    wrong = desk(path, "correction", {"subject": "موضوع تازه", "detail": detail}, status=422)
    assert [one["pointer"] for one in wrong["errors"]] == [pointer]
    assert desk(path) == before


def test_a_picture_of_a_contractor_proves_a_step(app, city, desk):
    code = city.send()
    path = f"/cases/{code}"
    desk(path, "steps/start_review")
    made = desk(path, "contractors", FIRM, status=201)
    page = app.get(urlsplit(made["url"]).path)
    form = next(form for form in page.forms.values() if "outcome" in form.fields)
    form["outcome"] = "done"
    form["after_files"] = [Upload("after.png", city.picture(), "image/png")]
    form.submit()
    [link] = desk(f"{path}/contractors")["items"]
    [key] = link["answer"]["after"]
    steps = {one["name"]: one for one in desk(f"{path}/steps")["items"]}
    assert {"photos", "proof", "allowed"} <= set(steps["close"]["body"]["properties"])
    words = {"public_text": "چاله پر شد."}
    many = {"photos": [letter * 22 for letter in "ab"], "proof": [letter * 22 for letter in "cde"]}
    wrong = desk(path, "steps/close", {**words, **many}, status=422)
    assert [one["pointer"] for one in wrong["errors"]] == ["#/proof"]
    closed = desk(path, "steps/close", {**words, "proof": [key, "x" * 22]})
    assert closed["stage"] == "done"
    [proof] = [one for one in closed["pictures"] if one["purpose"] == "after"]
    assert proof["key"] != key
