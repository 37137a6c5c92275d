"""Public meeting days for other software, and the appointment of a request."""

from civicportal.testing.tokens import token_for


def test_public_days_are_listed_as_in_the_calendar_file(office, app):
    assert app.get("/api/v1/meetings/days").json == {"items": [], "next": None}
    office.plan()
    page = app.get("/api/v1/meetings/days")
    [day] = page.json["items"]
    assert day["cancelled"] is False
    assert day["start"] < day["end"]
    assert app.get(f"/api/v1/meetings/days?cursor={day['id']}").json["items"] == []
    app.get("/api/v1/meetings/days?cursor=x", status=400)


def test_a_request_has_its_appointment(site, office, app):
    headers = {"Authorization": f"Bearer {token_for(site, office.citizen, 'cases:read')}"}
    code = office.ask()
    assert app.get(f"/api/v1/cases/{code}", headers=headers).json["detail"] is None
    office.schedule(code)
    detail = app.get(f"/api/v1/cases/{code}", headers=headers).json["detail"]
    assert set(detail) == {"start", "end", "place", "response"}
    assert detail["start"].endswith("+03:30")
    assert detail["place"] == "دفتر شهردار"
