"""Widgets, panels, findings and settings of the reports plugin."""

from types import SimpleNamespace

import pytest
from civicportal_reports import doctor, widgets

from civicportal.api.cases import Case
from civicportal.api.organization import OrganizationService
from civicportal.api.people import Identity
from civicportal.api.plugins import ConfigurationError
from civicportal.testing import Grant, make_site, make_site_file


def request_of(site, work, identity):
    """Return what a display hook is given, without a web server."""
    return SimpleNamespace(
        site=site,
        work=work,
        display_work=work,
        identity=identity,
        translate=lambda text: site.localizer().translate(text),
        route_path=lambda name, **parts: "/".join(["", name, *map(str, parts.values())]),
    )


def panels(city, code, person):
    with city.site.work(actor=person, write=False) as work:
        case = work.session.query(Case).filter_by(code=code).one()
        return {
            (panel.name, panel.area): panel
            for panel in widgets.case_panels(case, request_of(city.site, work, person))
        }


class TestCasePanels:
    def test_citizens_and_contractors_get_the_place(self, city):
        found = set(panels(city, city.send(), city.citizen))
        assert found == {("reports.place", "citizen"), ("reports.place", "contractor")}

    def test_staff_get_the_reports_nearby_and_the_step(self, city):
        earlier, later = city.send(), city.send(by=city.other)
        city.send("bin", by=city.other)
        panel = panels(city, later, city.officer)["reports.nearby", "aside"]
        assert [near.code for near, _status in panel.context["found"]] == [earlier]
        assert panel.context["may_link"] is True

    def test_staff_who_only_look_get_no_step(self, city):
        city.send()
        code = city.send(by=city.other)
        reader = Identity(
            user_id=city.officer.user_id,
            name="",
            realm="staff",
            grants=(Grant(permissions=frozenset({"reports:case:view"})),),
        )
        assert panels(city, code, reader)["reports.nearby", "aside"].context["may_link"] is False

    def test_nothing_nearby_is_no_panel(self, city):
        assert ("reports.nearby", "aside") not in panels(city, city.send(), city.officer)

    def test_the_page_of_a_followed_case_can_draw_it(self, city, app, sign_in):
        code = city.send()
        sign_in(city.citizen)
        page = app.get(f"/my/{code}", status=200)
        assert "خیابان آزادی" in page.text


class TestHome:
    def test_shows_the_published_reports(self, city, app):
        code = city.send()
        city.send("bin", by=city.other)
        city.publish(code)
        page = app.get("/", status=200)
        assert f"/reports/{city.case(code).id}" in page.text
        assert page.text.count("data-pins") == 1
        assert city.citizen.name not in page.text
        assert code not in page.text

    def test_desk_widget_leads_to_the_lists(self, city, app, sign_in):
        city.send()
        sign_in(city.officer)
        page = app.get("/desk", status=200)
        assert "/desk/reports?stage=registered" in page.text


class TestDoctor:
    def test_a_city_in_order_has_no_findings(self, city):
        with city.site.work(write=False) as work:
            assert list(doctor.findings(work)) == []

    def test_without_categories_nothing_can_be_sent(self, site):
        with site.work(write=False) as work:
            (finding,) = doctor.findings(work)
        assert (finding.level, finding.place) == ("error", "categories")

    def test_a_last_resort_is_missing(self, city):
        with city.site.work() as work:
            other = work.get(OrganizationService).category("reports", "other")
            other.active = False
        with city.site.work(write=False) as work:
            (finding,) = doctor.findings(work)
        assert (finding.level, finding.place) == ("warning", "categories")


@pytest.mark.parametrize("table", [{"nearby_metres": 0}, {"nearby_metres": "far"}, {"unknown": 1}])
def test_wrong_settings_stop_the_start(tmp_path, table):
    path = make_site_file(tmp_path, site={"plugins": ["reports"]}, plugins={"reports": table})
    with pytest.raises(ConfigurationError, match=r"plugins\.reports"):
        make_site(path)
