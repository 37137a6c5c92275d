"""Links between cases: rights, titles at both ends, history, undo; and undo of a step after a publication."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from civicportal.api.cases import Case, CaseKind, CaseLink, CaseService, LinkService
from civicportal.api.organization import Unit
from civicportal.api.people import User
from civicportal.api.plugins import Forbidden, NotFound, Refused
from civicportal.domain.cases.errors import CannotUndo
from civicportal.domain.cases.kinds import kinds_of
from civicportal.testing import PETITIONS, UndoService, make_case, make_category, make_unit
from civicportal.util.i18n import _

REPEATS = CaseKind.Link(name="repeats", title=_("Back"), back=_("Cancel"))


@pytest.fixture
def desk(site, citizen, staff, monkeypatch):
    """Two cases, one in each of two units, and an officer of the first unit who sees both."""
    monkeypatch.setitem(kinds_of(site), "petitions", replace(PETITIONS, links=(REPEATS,)))
    # A case goes to no unit in which it has no officer.
    other = staff("other", "lighting")
    with site.work() as work:
        waste = make_unit(work, "waste")
        lighting = work.session.scalars(select(Unit).where(Unit.key == "lighting")).one()
        user = work.session.get_one(User, citizen.user_id)
        categories = [make_category(work, unit.key, unit=unit) for unit in (waste, lighting)]
        codes = [make_case(work, citizen=user, category=category).code for category in categories]
    return (*codes, staff("officer"), other)


def change(site, actor, action, *codes):
    with site.work(actor=actor) as work:
        cases = [work.session.scalars(select(Case).where(Case.code == code)).one() for code in codes]
        getattr(work.get(LinkService), action)(*cases, "repeats")


def undo(site, actor, code):
    with site.work(actor=actor) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        event = work.get(UndoService).last(case)
        if event is None:
            raise CannotUndo("nothing")
        work.get(UndoService).undo(case, event.id)


def links(site):
    with site.work(write=False) as work:
        return [(link.from_id, link.to_id, link.type) for link in work.session.scalars(select(CaseLink))]


def events(site, code):
    with site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        return [event.type for event in work.get(CaseService).events(case)]


def test_both_cases_show_the_link_and_its_history(site, app, login, desk):
    first, second, officer, _other = desk
    change(site, officer, "link", first, second)
    login(officer)
    for code, other, title in ((first, second, "بازگشت"), (second, first, "انصراف")):
        page = app.get(f"/kartable/cases/{code}").html
        assert page.select_one(f"[aria-labelledby=links-title] a[href='/kartable/cases/{other}']")
        assert title in page.select_one("[aria-labelledby=links-title]").text
        assert title in page.select_one(".tl").text


def test_a_link_is_removed_and_both_histories_say_so(site, desk):
    first, second, officer, _other = desk
    change(site, officer, "link", first, second)
    change(site, officer, "unlink", first, second)
    assert links(site) == []
    assert events(site, first)[:2] == events(site, second)[:2] == ["unlinked", "linked"]
    with pytest.raises(NotFound):
        change(site, officer, "unlink", first, second)


def test_linking_and_unlinking_can_be_undone(site, desk, clock):
    first, second, officer, _other = desk
    change(site, officer, "link", first, second)
    undo(site, officer, first)
    assert links(site) == []
    assert (events(site, first)[0], events(site, second)[0]) == ("undone", "unlinked")
    change(site, officer, "link", first, second)
    change(site, officer, "unlink", first, second)
    undo(site, officer, first)
    assert len(links(site)) == 1
    change(site, officer, "unlink", first, second)
    clock.advance(hours=1)
    with pytest.raises(CannotUndo):
        undo(site, officer, first)


def test_an_undo_that_finds_other_links_is_refused(site, desk):
    first, second, officer, _other = desk
    change(site, officer, "link", first, second)
    with site.work() as work:
        work.session.delete(work.session.scalars(select(CaseLink)).one())
    with pytest.raises(CannotUndo):
        undo(site, officer, first)


def test_rights_are_checked_at_both_ends(site, desk, citizen):
    first, second, officer, other = desk
    with pytest.raises(Forbidden):
        change(site, other, "link", first, second)
    with pytest.raises(NotFound):
        change(site, other, "link", second, first)
    with pytest.raises(Forbidden):
        change(site, citizen, "link", first, second)
    assert links(site) == []
    change(site, officer, "link", first, second)
    with site.work(actor=other, write=False) as work:
        case = work.get(CaseService).fetch(second)
        assert work.get(LinkService).of(case) == []


def test_the_same_link_again_itself_and_an_unknown_kind_are_refused(site, desk):
    first, second, officer, _other = desk
    change(site, officer, "link", first, second)
    for codes in ((first, second), (first, first)):
        with pytest.raises(Refused):
            change(site, officer, "link", *codes)
    with site.work(actor=officer) as work, pytest.raises(ValueError, match="no kind of link 'replaces'"):
        case, other = work.get(CaseService).fetch(first), work.get(CaseService).fetch(second)
        work.get(LinkService).link(case, other, "replaces")


def test_a_step_can_be_undone_after_ones_own_publication(site, desk, staff):
    first, _second, officer, _other = desk
    with site.work(actor=officer) as work:
        cases = work.get(CaseService)
        case = cases.fetch(first, lock=True)
        cases.apply(case, "accept")
        cases.publish(case, True, body="سطل زباله پر است.")
        cases.mark_urgent(case, True)
    undo(site, officer, first)
    with site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == first)).one()
        assert (case.status, case.public, case.urgent) == ("registered", True, True)


def test_a_step_cannot_be_undone_after_a_colleagues_publication(site, desk, staff):
    first, _second, officer, _other = desk
    with site.work(actor=officer) as work:
        work.get(CaseService).apply(work.get(CaseService).fetch(first, lock=True), "accept")
    with site.work(actor=staff("colleague")) as work:
        cases = work.get(CaseService)
        cases.publish(cases.fetch(first, lock=True), True, body="سطل زباله پر است.")
    with pytest.raises(CannotUndo):
        undo(site, officer, first)
