"""Applying, paying, issuing, renewing, expiring; zones and their places; the demonstration."""

from datetime import date

import pytest
from civicportal_parking_permits import demo, doctor, jobs
from civicportal_parking_permits.models import Permit, Zone
from civicportal_parking_permits.services import PermitService
from civicportal_parking_permits.zones import FILE, ZoneService
from sqlalchemy import select

from civicportal.api.cases import Case
from civicportal.api.people import Identity
from civicportal.api.plugins import ConfigurationError, Forbidden, Refused
from civicportal.testing import NOON, UndoService, identity, make_staff, outbox

DEMO = """
[[permits]]
zone = "harbour"
plate = "RT-AAA"

[[permits]]
zone = "harbour"
plate = "RT-BBB"
until = "check"
refused = "Not at home in this zone."

[[permits]]
zone = "harbour"
plate = "RT-CCC"
until = "ask_payment"
"""


def test_from_the_application_to_the_permit(city):
    code = city.apply("rt 100")
    city.issue(code)
    case, permit = city.find(code)
    assert (case.status, case.stage, case.subject) == ("issued", "done", "RT100 · Harbour")
    assert (permit.fee, permit.receipt, permit.paid_at) == (36, "R-17", NOON)
    assert (permit.first_day, permit.last_day) == (date(2026, 5, 30), date(2026, 8, 29))
    with city.site.work(write=False) as work:
        texts = [message.text for message in outbox(work, city.citizen.mobile)]
    assert len(texts) == 4  # that the documents are in order is told by the fee
    assert "please pay 36 €" in texts[1]
    assert "2026/08/29" in texts[3]


def test_only_the_cashier_records_a_payment(city):
    code = city.apply()
    city.step(code, "check")
    city.step(code, "ask_payment")
    with pytest.raises(Forbidden):
        city.step(code, "record_payment", receipt="R-1")


def test_a_full_zone_refuses_the_payment(city):
    codes = [city.apply(f"RT-{number}") for number in (101, 102, 103)]
    for code in codes:
        city.step(code, "check")
    city.step(codes[0], "ask_payment")
    city.step(codes[1], "ask_payment")
    with pytest.raises(Refused):
        city.step(codes[2], "ask_payment")
    city.step(codes[0], "refuse", public_text="Not at home in this zone.")
    city.step(codes[2], "ask_payment")


def test_an_undone_payment_leaves_no_receipt(city):
    code = city.apply()
    city.step(code, "check")
    city.step(code, "ask_payment")
    city.step(code, "record_payment", city.cashier, receipt="R-17")
    with city.site.work(actor=city.as_(city.cashier)) as work:
        case = work.session.scalars(select(Case)).one()
        work.get(UndoService).undo(case, work.get(UndoService).last(case).id)
    case, permit = city.find(code)
    assert (case.status, permit.receipt, permit.paid_at, permit.fee) == ("payment_due", "", None, 36)


@pytest.mark.parametrize("plate", ["XY-100", "RT", "RT-12345678"])
def test_a_plate_is_one_of_the_city(city, plate):
    with pytest.raises(Refused):
        city.apply(plate)


def test_a_plate_has_one_permit_in_a_zone(city):
    city.apply("RT-100")
    with pytest.raises(Refused):
        city.apply("RT-100")
    city.apply("RT-100", zone="hillside")


def test_the_same_form_opens_one_case(city):
    assert city.apply(idempotency_key="k" * 22) == city.apply(idempotency_key="k" * 22)


def test_a_visitor_is_refused(city):
    with city.site.work(actor=Identity.VISITOR) as work, pytest.raises(Forbidden):
        zone = work.session.scalars(select(Zone)).first()
        work.get(PermitService).submit(zone=zone, plate="RT-100", months=3)


def test_a_permit_expires_and_is_spoken_of_before(city, clock):
    code = city.apply()
    city.issue(code)
    closed = city.find(code)[0].closed_at
    run = {job.name.rpartition(".")[2]: job.run for job in jobs.jobs()}
    run["remind"](city.site)
    clock.advance(days=70)
    run["remind"](city.site)
    run["remind"](city.site)
    run["expire"](city.site)
    assert city.find(code)[0].status == "issued"
    clock.advance(days=30)
    run["expire"](city.site)
    case, _permit = city.find(code)
    assert (case.status, case.stage, case.closed_at) == ("expired", "done", closed)
    with city.site.work(write=False) as work:
        kinds = [message.kind.rpartition(".")[2] for message in outbox(work, city.citizen.mobile)]
    assert kinds[-2:] == ["renewal", "expired"]
    assert kinds.count("renewal") == 1


def test_a_permit_is_renewed_once_from_the_day_after(city, clock):
    code = city.apply()
    city.issue(code)
    with city.site.work(actor=city.as_(city.citizen)) as work, pytest.raises(Refused):
        work.get(PermitService).to_renew(code)
    clock.advance(days=70)
    with city.site.work(actor=city.as_(city.citizen)) as work:
        case, permit = work.get(PermitService).to_renew(code)
        zone = work.session.get_one(Zone, permit.zone_id)
        renewed = work.get(PermitService).submit(zone=zone, plate=permit.plate, months=6, renews=case).code
    city.issue(renewed)
    assert city.find(renewed)[1].first_day == date(2026, 8, 30)
    with city.site.work(actor=city.as_(city.citizen)) as work, pytest.raises(Refused):
        work.get(PermitService).to_renew(code)


def test_a_citizen_withdraws(city):
    code = city.apply()
    city.step(code, "withdraw", city.citizen)
    assert city.find(code)[0].status == "withdrawn"


def test_zones_are_added_once(city, tmp_path):
    file = tmp_path / FILE
    file.write_text(
        '[[zones]]\nkey = "harbour"\nname = "X"\nfee = 1\nquota = 1\n[[zones]]\nkey = "new"\nname = "New"\nfee = 1\nquota = 1\n'
    )
    with city.site.work() as work:
        assert work.get(ZoneService).add_missing(file) == ["new"]
        assert work.get(ZoneService).add_missing(file) == []
        assert work.get(ZoneService).fetch("harbour").name == "Harbour"
    file.write_text('[[zones]]\nkey = "odd"\n')
    with city.site.work() as work, pytest.raises(ConfigurationError):
        work.get(ZoneService).add_missing(file)


def test_the_doctor_names_what_is_missing(city):
    with city.site.work(write=False) as work:
        assert list(doctor.findings(work)) == []
    codes = [city.apply(f"RT-{number}") for number in (101, 102)]
    for code in codes:
        city.step(code, "check")
        city.step(code, "ask_payment")
    with city.site.work() as work:
        zone = work.get(ZoneService).fetch("harbour")
        work.get(ZoneService).change(zone, name="Harbour", fee=12, quota=1, active=False)
        work.session.get_one(type(city.cashier), city.cashier.id).disabled_at = NOON
    with city.site.work(write=False) as work:
        found = [(finding.level, finding.place) for finding in doctor.findings(work)]
    assert found == [("error", "zones"), ("warning", "harbour"), ("error", "roles")]


def test_the_demo_is_told_through_the_services(city, tmp_path):
    with city.site.work() as work:
        boss = make_staff(work, "administrator")
        assert identity(work, boss, "staff").permits("parking_permits:payment:record")
    (tmp_path / "parking_permits.toml").write_text(DEMO)
    done = []
    demo.load(city.site, tmp_path, lambda at, total: done.append((at, total)))
    with city.site.work(write=False) as work:
        rows = work.session.execute(select(Case, Permit).join(Permit, Permit.case_id == Case.id)).all()
        assert done[-1] == (3, 3) == (len(rows), 3)
        assert {permit.plate: case.status for case, permit in rows} == {
            "RT-AAA": "issued",
            "RT-BBB": "refused",
            "RT-CCC": "payment_due",
        }
        assert max(case.created_at for case, _permit in rows) < NOON
