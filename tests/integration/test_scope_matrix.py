"""Every URL of an object, requested by those who own it or work on it, and by others with the same rights: 404."""

from functools import cache

import pytest
from integration.scopes import API, APPLICANT, KINDS, STAFF, Scopes
from portal import Portal

from civicportal.api.cases import CaseService
from civicportal.api.web import PagePermission
from civicportal.domain.accounts.views.denied import STAFF_AREAS
from civicportal.util.i18n import latin_digits

#: What decides of an address, where the pattern and the right of the page do not say it already.
RULES = {
    "followed": "follower",
    "followed_note": "follower",
    "followed_notices": "follower",
    "followed_rate": "follower",
    "followed_stop": "follower",
    "account_session_end": "own session",
    "account_passkey_name": "own passkey",
    "account_passkey_remove": "own passkey",
    "account_token_revoke": "own token",
    "account_app_end": "own token",
    "account_deputy_end": "own deputy",
    "attachment": "picture",
    "attachment_small": "picture",
    "attachments.api.show": "picture",
    "upload_remove": "picture",
    "reports.page": "published",
    "reports.features_item": "published",
    "reports.open311_request": "published",
    "reports.open311_requests": "published",
    "reports.open311_updates": "published",
    "reports.open311_discovery": "nobody's",
    "reports.open311_discovery_of_endpoint": "nobody's",
    "reports.open311_service": "nobody's",
    "reports.open311_services": "nobody's",
    "reports.open311_token": "nobody's",
    "reports.picture": "published",
    "reports.public_card": "published",
    "track_case": "proof",
    "meetings.day": "diary",
    "meetings.session": "diary",
    "announcements.page": "board",
    "announcements.image": "board",
    "announcements.api.show": "board",
    "categories.api.questions": "nobody's",
    "open_data_catalogue": "open data",
    "open_data_file": "open data",
    "staff_invite": "link",
    "staff_invite_code": "link",
    "staff_reset_link": "link",
    "staff_reset_link_code": "link",
    "staff_rescue": "link",
    "contractor": "link",
    "contractor.picture": "link",
    "contractor.picture_small": "link",
    "own_views.edit": "own view",
    "own_views.move": "own view",
    "own_views.delete": "own view",
    "exports.job": "own export",
    "exports.progress": "own export",
    "exports.cancel": "own export",
    "exports.file": "own export",
    "exports.choose": "paper",
    "exports.print": "paper",
    "map_tile_file": "nobody's",
    "map_tile": "nobody's",
    "demo.phone": "nobody's",
    "static": "nobody's",
    "words": "nobody's",
    "webhooks.schema": "nobody's",
}
#: Rights over the whole municipality: who has one has it for all it is about.
WHOLE = ("core:", "announcements:post:", "announcements:broadcast:", "meetings:session:", "reports:remote:")
#: A step of staff and one of the citizen, by kind.
STEPS = {
    "reports": ("start_review", "citizen_answers"),
    "meetings": ("reschedule", "withdraw"),
    "feedback": ("start_review", "withdraw"),
    "orders": ("start", ""),
}
#: Pages of one kind only; the kinds whose cases the others show are all.
OF_ONE_KIND = {
    "reports.duplicate": {"reports"},
    "reports.convert": {"feedback"},
    "reports.sent": set(KINDS) - {"orders"},
    "feedback.publish": {"feedback"},
    "feedback.api.publication": {"feedback"},
    "feedback.take_back": {"feedback"},
    "feedback.sent": set(KINDS) - {"orders"},
    "meetings.assign": {"meetings"},
    "meetings.invite": {"meetings"},
    "meetings.order": {"meetings"},
    "meetings.share": {"orders"},
    "meetings.sent": set(KINDS) - {"orders"},
    "meetings.calendar": {"meetings"},
    "meetings.api.orders": {"meetings"},
    "meetings.api.request": {"meetings"},
    "meetings.api.order": {"orders"},
    "reports.card": {"reports"},
    "reports.field_case": {"reports"},
    "reports.field_job": {"reports"},
}
#: Who sees the page of a case, by kind. A unit with a job sees it as long as the job is open. What a unit is asked is for its specialists too, whatever the case is about.
SEEN = {
    "reports": {"insider", "specialist", "copied", "asked", "asked_specialist", "addressee", "worker"},
    "meetings": {"insider", "copied", "asked", "asked_specialist", "addressee"},
    "feedback": {"insider", "copied", "asked", "asked_specialist", "addressee"},
    "orders": {"insider", "copied", "asked", "asked_specialist", "addressee"},
}


@pytest.fixture(scope="module")
def scopes(civic_session, civic_database, tmp_path_factory):
    portal = Portal(
        tmp_path_factory.mktemp("scopes"),
        civic_session.new_database(civic_database),
        make_tables=civic_session.databases.migrate,
    )
    yield Scopes(portal)
    portal.site.engines.dispose()


OF_CITIZENS = {PagePermission.CITIZEN, PagePermission.EVERYBODY, PagePermission.SIGNED_IN}


def rule_of(page):
    """Return what decides about an address, empty where that is not declared."""
    if page.route in RULES:
        return RULES[page.route]
    if page.pattern.startswith(API):
        return "token"
    if "{code:" in page.pattern:
        return "unit" if page.pattern.startswith(STAFF_AREAS) else "citizen"
    return "right" if page.permission.startswith(WHOLE) else ""


def addresses(scopes, rule):
    """Yield method, kind and address of every page of a case that follows a rule."""
    for page in scopes.pages:
        if not page.has_arguments or rule_of(page) != rule:
            continue
        for kind in sorted(OF_ONE_KIND.get(page.route, KINDS)):
            step = STEPS[kind][rule == "citizen"]
            if "{step}" in page.pattern and not step:
                continue
            path = page.path(code=scopes.codes[kind], step=step, job=scopes.known["job"])
            for method in sorted(page.methods):
                yield method, kind, path + ("?transition=" + step if page.route == "kartable.preview" else "")


def test_every_address_of_a_thing_has_its_rule(scopes):
    unnamed = [page.pattern for page in scopes.pages if page.has_arguments and not rule_of(page)]
    assert not unnamed, f"say in {__name__} who sees what stands at {unnamed}"


def test_no_rule_is_left_of_a_page_that_has_gone(scopes):
    assert {*RULES, *OF_ONE_KIND} <= {page.route for page in scopes.pages}


def test_a_case_of_another_unit_is_not_there(scopes):
    before = scopes.versions()
    wrong = []
    for method, kind, path in addresses(scopes, "unit"):
        for who in ("outsider", "other_specialist"):
            answer = scopes.ask(who, method, path)
            if answer.status_int != 404:
                wrong.append(f"{who} {method} {path} ({kind}): {answer.status}")
    assert not wrong
    assert scopes.versions() == before


def test_a_case_of_ones_own_unit_is_there(scopes):
    wrong = []
    for method, kind, path in addresses(scopes, "unit"):
        answer = scopes.ask("insider", method, path)
        if answer.status_int == 404 or answer.status_int >= 500:
            wrong.append(f"{method} {path} ({kind}): {answer.status}")
    assert not wrong


@pytest.mark.parametrize("kind", KINDS)
def test_who_sees_the_page_of_a_case(scopes, kind):
    path = f"/kartable/cases/{scopes.codes[kind]}"
    answers = {who: scopes.get(who, path).status_int for who in STAFF}
    assert answers == {who: 200 if who in SEEN[kind] else 404 for who in STAFF}


@pytest.mark.parametrize("kind", KINDS)
def test_copies_and_inquiries_allow_no_transition(scopes, kind):
    code, (step, _own) = scopes.codes[kind], STEPS[kind]
    with scopes.site.work(write=False) as work:
        version = work.get(CaseService).fetch(code).version
    for who in sorted({"copied", "asked", "addressee", "worker"} & SEEN[kind]):
        for action in (step, "take", "refer"):
            answer = scopes.post(who, f"/kartable/cases/{code}/{action}", version=str(version))
            assert answer.status_int in (403, 422), (who, action, answer.status)
    assert scopes.versions()[code] == version


def test_a_case_of_another_citizen_is_not_there(scopes):
    before = scopes.versions()
    wrong = []
    for method, kind, path in addresses(scopes, "citizen"):
        for who in ("stranger", "follower"):
            answer = scopes.ask(who, method, path)
            if answer.status_int != 404:
                wrong.append(f"{who} {method} {path} ({kind}): {answer.status}")
        if kind == "orders":
            continue
        answer = scopes.ask("owner", method, path)
        if answer.status_int == 404 or answer.status_int >= 500:
            wrong.append(f"owner {method} {path} ({kind}): {answer.status}")
    assert not wrong
    assert scopes.versions() == before


def test_a_case_of_others_is_not_there_for_their_tokens(scopes):
    before, wrong, ask = scopes.versions(), [], cache(scopes.call)
    for page in scopes.pages:
        if rule_of(page) != "token" or not page.has_arguments:
            continue
        for kind in KINDS:
            path, nowhere = (
                page.path(code=code, step=STEPS[kind][0]) for code in (scopes.codes[kind], "9999999999")
            )
            for method in sorted(page.methods - {"HEAD"}):
                for who in ("outsider", "other_specialist", "stranger", "follower", "visitor"):
                    answer, of_nothing = scopes.call(who, method, path), ask(who, method, nowhere)
                    allowed = (
                        (401,) if who == "visitor" else (403, 404) if method == "GET" else (403, 404, 422)
                    )
                    same = answer.json == of_nothing.json and answer.status == of_nothing.status
                    if answer.status_int not in allowed or not same:
                        wrong.append(f"{who} {method} {path} ({kind}): {answer.status}")
    assert not wrong
    assert scopes.versions() == before


def test_a_case_is_there_for_the_tokens_of_its_people(scopes):
    wrong = []
    for page in scopes.pages:
        if rule_of(page) != "token" or "{code:" not in page.pattern or "GET" not in page.methods:
            continue
        for kind in sorted(OF_ONE_KIND.get(page.route, KINDS)):
            path = page.path(code=scopes.codes[kind])
            staff = () if page.permission == PagePermission.CITIZEN else SEEN[kind]
            # A right of its own is one of staff.
            is_owners = kind != "orders" and page.permission in OF_CITIZENS
            seen = {*staff, *(("owner",) if is_owners else ())}
            answers = {who: scopes.call(who, "GET", path).status_int for who in scopes.people}
            if {who for who, status in answers.items() if status == 200} != seen:
                wrong.append(f"{path} ({kind}): {answers}")
    assert not wrong


def test_a_followed_case_is_there_for_its_followers(scopes):
    for page in scopes.pages:
        if rule_of(page) != "follower":
            continue
        for method in page.methods:
            path = page.path(**scopes.known)
            assert scopes.ask("stranger", method, path).status_int == 404, path
            assert scopes.ask("follower", method, path).status_int in (200, 303, 422), path


def test_a_picture_is_for_those_its_case_is_for(scopes):
    for page in scopes.pages:
        if rule_of(page) != "picture" or "GET" not in page.methods:
            continue
        answers = {who: scopes.get(who, page.path(**scopes.known)).status_int for who in scopes.browsers}
        assert {who for who, status in answers.items() if status == 200} == {"owner", *SEEN["reports"]}
    path = f"/uploads/{scopes.known['key']}/remove"
    for who in ("owner", "stranger", "insider"):
        scopes.post(who, path)
    assert scopes.get("owner", f"/attachments/{scopes.known['key']}").status_int == 200


def test_unpublished_reports_are_not_found(scopes):
    for who in scopes.browsers:
        assert scopes.get(who, f"/reports/{scopes.known['id']}").status_int == 404, who


def test_the_second_part_is_proved_by_everybody(scopes):
    for who in scopes.browsers:
        answer = scopes.get(who, f"/track/{scopes.codes['reports']}")
        assert answer.status_int == 303, who
        assert answer.location.endswith("/track"), who


def test_sessions_of_others_cannot_be_ended(scopes):
    for mine, theirs in (("stranger", "owner"), ("outsider", "insider")):
        [session] = scopes.sessions_of(theirs)
        scopes.post(mine, f"/account/sessions/{session}/end")
        assert scopes.sessions_of(theirs) == [session]


def test_the_diary_names_to_another_unit_that_there_is_a_meeting_and_not_whose(scopes):
    for path in (
        f"/desk/meetings/day/{scopes.known['day']}",
        f"/desk/meetings/sessions/{scopes.known['session']}",
    ):
        assert APPLICANT in scopes.get("insider", path), path
        for who in ("outsider", "other_specialist"):
            answer = scopes.get(who, path)
            assert answer.status_int == 200
            assert APPLICANT not in answer
            assert scopes.codes["meetings"] not in answer


def test_no_list_names_what_lies_elsewhere(scopes):
    wrong = []
    for page in scopes.pages:
        if "GET" not in page.methods or page.has_arguments:
            continue
        for who in ("outsider", "other_specialist", "stranger", "visitor"):
            body = scopes.get(who, page.path()).body
            wrong += [
                f"{who} {page.pattern}: {code}" for code in scopes.codes.values() if code.encode() in body
            ]
    assert not wrong
    seen = scopes.get("insider", "/kartable?view=everywhere").text
    assert all(code in seen for code in scopes.codes.values())


def test_bulk_actions_reach_no_case_of_another_unit(scopes):
    before = scopes.versions()
    for who in ("outsider", "other_specialist"):
        for code in scopes.codes.values():
            scopes.post(
                who, "/kartable/bulk", action="note", code=code, text="seen on site", list="reports.desk"
            )
            result = scopes.get(who, "/kartable/bulk/result").html
            assert len(result.select("tbody tr .danger-text")) == 1, (who, code)
            scopes.post(who, "/kartable/bulk", action="print", code=code, list="reports.desk")
            assert not scopes.get(who, "/kartable/print").html.select("article.sheet"), (who, code)
    assert scopes.versions() == before


def test_a_desk_selects_cases_and_names_the_refused_ones(scopes):
    code = scopes.codes["reports"]
    page = scopes.get("insider", "/desk/reports").html
    assert code in {box["value"] for box in page.select("input[name=code]")}
    scopes.post(
        "insider", "/kartable/bulk", action="print", code=code, list="reports.desk", query="stage=open"
    )
    paper = scopes.get("insider", "/kartable/print").html
    assert len(paper.select("article.sheet")) == 1
    assert paper.select_one("nav a[href$='/desk/reports?stage=open']")


def test_no_paper_names_what_lies_elsewhere(scopes):
    papers = [name for name in scopes.site.exports if name.endswith(".list")]
    assert papers
    wrong = []
    for name in papers:
        for who in ("outsider", "other_specialist"):
            text = printed(scopes, who, name)
            wrong += [f"{who} {name}: {code}" for code in scopes.codes.values() if code in text]
    assert not wrong
    assert scopes.codes["reports"] in printed(scopes, "insider", "reports.list")


def printed(scopes, who, name):
    """The letters and digits of a list on paper, codes in one piece."""
    return "".join(latin_digits(scopes.get(who, f"/exports/{name}/print").text).split())
