"""Every page on which people do something has its operations, or docs/integrate/pages.md says why it has none."""

import re
from pathlib import Path

import pytest
from civicportal_feedback.schemas import DeskFilters as MessageFilters
from civicportal_meetings.desk_schemas import DeskFilters as MeetingFilters
from civicportal_reports.schemas import DeskFilters as ReportFilters
from integration.routes import pages_of
from portal import Portal
from webtest import TestApp

from civicportal.app import create_app
from civicportal.domain.kartable.schemas import InboxFilters

TEXT = (Path(__file__).parents[3] / "docs/integrate/pages.md").read_text("utf-8")

#: Operations by the route of the page that does the same. A route ending in a dot stands for all that begin with it.
SAME = {
    "uploads": ("attachments.create",),
    "my_rate": ("cases.rate",),
    "my_object": ("cases.object",),
    "my_notices": ("cases.notices", "cases.set_notices"),
    "followed_notices": ("followed.set_notices",),
    "followed_rate": ("followed.rate",),
    "followed_note": ("followed.add_message",),
    "followed_stop": ("followed.list", "followed.show", "followed.stop"),
    "reports.me_too": ("reports.me_too",),
    "my_note": ("messages.create",),
    "my_step": ("cases.steps", "cases.take_step"),
    "call": ("reports.create", "feedback.create", "meetings.create"),
    "kartable.search": ("cases.list",),
    "kartable.correct": ("cases.correction", "cases.correct"),
    "kartable.split": ("jobs.list", "jobs.create"),
    "kartable.contractor": ("contractors.create",),
    "kartable.revoke-link": ("contractors.list", "contractors.revoke"),
    "kartable.send-back": ("contractors.send_back",),
    "kartable.take": ("cases.take",),
    "kartable.release": ("cases.release",),
    "kartable.hand-over": ("cases.assignment", "cases.assign"),
    "kartable.take-over": ("cases.take_over",),
    "kartable.refer": ("cases.refer", "units.people"),
    "kartable.return": ("cases.return",),
    "kartable.copy": ("copies.create",),
    "kartable.dismiss": ("copies.dismiss",),
    "kartable.inquire": ("inquiries.create",),
    "kartable.reply": ("inquiries.answer",),
    "kartable.withdraw-inquiry": ("inquiries.withdraw",),
    "kartable.comment": ("notes.create",),
    "kartable.publish": ("cases.publication", "cases.publish"),
    "kartable.urgent": ("cases.urgency",),
    "kartable.undo": ("cases.undoable", "cases.undo"),
    "kartable.take-job": ("jobs.take",),
    "kartable.release-job": ("jobs.release",),
    "kartable.finish-job": ("jobs.finish",),
    "kartable.refuse-job": ("jobs.refuse",),
    "kartable.withdraw-job": ("jobs.withdraw",),
    "kartable.step": ("cases.take_step",),
    "reports.new": ("reports.create",),
    "reports.register": ("reports.create",),
    "reports.search": ("cases.list",),
    "reports.duplicate": ("cases.take_step",),
    "reports.field_case": ("cases.take_step", "notes.create"),
    "reports.field_job": ("jobs.finish", "jobs.refuse"),
    "reports.convert": ("reports.convert",),
    "reports.follow": ("reports.areas", "reports.follow_area", "reports.change_area", "reports.stop_area"),
    "meetings.new": ("meetings.create",),
    "meetings.register": ("meetings.create",),
    "meetings.search": ("cases.list",),
    "meetings.assign": (
        "cases.steps",
        "cases.take_step",
        "meetings.request",
        "meetings.times",
        "meetings.free_days",
    ),
    "meetings.invite": ("cases.steps", "cases.take_step"),
    "meetings.order": ("meetings.orders", "meetings.give_order"),
    "meetings.share": ("meetings.order", "meetings.share_order"),
    "meetings.session_new": ("meetings.sessions", "meetings.plan"),
    "meetings.seats": ("meetings.session", "meetings.change_seats"),
    "meetings.reserve": ("meetings.wait",),
    "meetings.reserve_remove": ("meetings.take_off",),
    "meetings.cancel_session": ("meetings.cancel_session",),
    "feedback.new": ("feedback.create",),
    "feedback.register": ("feedback.create",),
    "feedback.search": ("cases.list",),
    "feedback.publish": (
        "feedback.list",
        "feedback.publications",
        "feedback.publication",
        "feedback.publish",
    ),
    "feedback.take_back": ("feedback.withdraw",),
    "announcements.new": ("announcements.create",),
    "announcements.edit": ("announcements.source", "announcements.update", "announcements.publish"),
    "announcements.delete": ("announcements.delete",),
    "announcements.restore": ("announcements.restore",),
    "admin.unit_new": ("units.create",),
    "admin.unit": ("units.list", "units.show", "units.update"),
    "admin.unit_move": ("units.move",),
    "admin.unit_close": ("units.close",),
    "admin.unit_open": ("units.open",),
    "admin.unit_refer": ("cases.list", "cases.refer"),
    "admin.unit_delete": ("units.delete",),
    "admin.category_new": ("categories.create",),
    "admin.category": ("categories.list", "categories.show", "categories.update"),
    "admin.category_move": ("categories.move",),
    "admin.category_switch": ("categories.switch",),
    "admin.category_delete": ("categories.delete",),
    "admin.question_new": ("questions.create",),
    "admin.question": ("questions.list", "questions.show", "questions.update", "choices.create"),
    "admin.question_move": ("questions.move",),
    "admin.question_switch": ("questions.switch",),
    "admin.question_delete": ("questions.delete",),
    "admin.choice": ("choices.update",),
    "admin.choice_move": ("choices.move",),
    "admin.choice_switch": ("choices.switch",),
    "admin.choice_delete": ("choices.delete",),
    "admin.members_find": ("members.list",),
    "admin.invite": ("invitations.create", "roles.list"),
    "admin.invitation_again": ("invitations.list", "invitations.renew"),
    "admin.invitation_revoke": ("invitations.revoke",),
    "admin.member_edit": ("members.show", "members.update"),
    "admin.member_role": ("members.give_role",),
    "admin.member_role_end": ("members.take_role",),
    "admin.member_deputy": ("deputies.list", "deputies.create"),
    "admin.member_deputy_end": ("deputies.end",),
    "admin.member_disable": ("members.disable", "members.transfer"),
    "admin.member_enable": ("members.enable",),
    "admin.member_delete": ("members.delete", "members.transfer"),
    "admin.member_restore": ("members.restore",),
    "admin.member_transfer": ("members.transfer",),
    "admin.member_sessions_end": ("members.end_sessions",),
}
#: Routes of pages without an operation, by the first column of the table that says why.
WITHOUT = {
    "Signing in, and a person's own account": (
        "login",
        "login_",
        "staff_",
        "logout",
        "account_",
        "passkey_options",
        "oauth.",
        "language",
        "pending_submissions.",
    ),
    "Administration": (
        "admin.audit_",
        "admin.automation",
        "admin.automation_",
        "admin.calendar_",
        "admin.client",
        "admin.client_",
        "admin.closure_",
        "admin.gate_open",
        "admin.holiday_",
        "admin.holidays_",
        "admin.import_",
        "admin.member_factors_off",
        "admin.member_mobile",
        "admin.member_reset",
        "admin.member_token_end",
        "admin.message_",
        "admin.messages_",
        "admin.open_data_",
        "admin.plugins_",
        "admin.role",
        "admin.role_",
        "admin.rule",
        "admin.rule_",
        "admin.settings",
        "admin.webhook_",
        "questions.",
        "texts.",
        "reports.remote_",
    ),
    "Tracking with a code and a PIN, and the page of a contractor": ("track", "track_code", "contractor"),
    "The number or the identity of a citizen": ("kartable.reveal",),
    "What a form does while someone writes": (
        "kartable.preview",
        "reports.check",
        "meetings.check",
        "upload_remove",
        "call.person",
        "reports.field",
    ),
    "Many cases at once": ("kartable.bulk", "kartable.bulk_undo", "team.balance", "team.hand_on"),
    "Own views, and files of lists": ("own_views", "own_views.", "exports."),
    "Messages to subscribers, and the board's order": (
        "announcements.broadcast_new",
        "announcements.broadcast_stop",
        "announcements.words",
        "announcements.move",
        "announcements.pin",
    ),
}
#: Parameters of ``GET /cases`` by the filters of the pages' lists, where the names differ.
FILTERS = {
    "kartable": {"first": "first_day", "last": "last_day", "q": "q", "sort": "sort"},
    "reports": {"words": "q", "district": "reports.district", "located": "reports.located"},
    "feedback": {
        "words": "q",
        "type": "feedback.type",
        "unit": "feedback.about",
        "opinion": "feedback.opinion",
    },
    "meetings": {"words": "q"},
}
FORMS = {
    "kartable": InboxFilters,
    "reports": ReportFilters,
    "feedback": MessageFilters,
    "meetings": MeetingFilters,
}
#: Filters of pages that the API lacks; docs/integrate/pages.md says why.
NO_FILTERS = ("citizen", "person")
#: Not for people, or of the demo only.
NO_PAGES = ("csp_reports", "demo.", "reports.open311_")


@pytest.fixture(scope="module")
def app(civic_session, tmp_path_factory):
    portal = Portal(
        tmp_path_factory.mktemp("parity"),
        civic_session.new_database("sqlite"),
        make_tables=civic_session.databases.migrate,
    )
    yield TestApp(create_app(portal.site))
    portal.site.engines.dispose()


@pytest.fixture(scope="module")
def registry(app):
    return app.app.registry


@pytest.fixture(scope="module")
def acting(registry):
    """Routes of the pages that take what people send."""
    pages = pages_of(registry)
    return {page.route for page in pages if "POST" in page.methods and not page.pattern.startswith("/api/")}


def is_named(route, names):
    return any(route == name or (name[-1] in "._" and route.startswith(name)) for name in names)


def test_every_page_has_operations_or_a_reason(acting):
    reasons = [name for names in WITHOUT.values() for name in names]
    unnamed = {one for one in acting if not is_named(one, [*SAME, *reasons, *NO_PAGES])}
    assert not unnamed, (
        f"give {sorted(unnamed)} an operation, or say in docs/integrate/pages.md why there is none"
    )
    twice = {one for one in acting if one in SAME and is_named(one, reasons)}
    assert not twice


def test_nothing_is_named_that_has_gone(acting, registry):
    named = [*SAME, *NO_PAGES, *(name for names in WITHOUT.values() for name in names)]
    assert not [name for name in named if not any(is_named(route, [name]) for route in acting)]
    operations = {name for names in SAME.values() for name in names}
    assert not operations - set(registry.api_operations)


def test_the_documentation_lists_what_the_api_cannot_do():
    rows = re.findall(r"^\| (?!page|---)([^|]+) \|", TEXT.partition("## What the API cannot do")[2], re.M)
    assert rows == list(WITHOUT)


@pytest.mark.parametrize("name", FORMS)
def test_every_filter_of_a_list_is_a_parameter_or_has_a_reason(app, name):
    document = app.get("/api/v1/openapi.json").json
    offered = {one["name"] for one in document["paths"]["/cases"]["get"]["parameters"]}
    wanted = {node.name for node in FORMS[name]().children} - {*NO_FILTERS}
    assert {FILTERS[name].get(one, one) for one in wanted} <= offered
    assert set(FILTERS[name]) <= wanted
