"""The pages of reports."""

from browser.counter import registered
from browser.pages.shown import Shown
from browser.people import VISITOR

PAGES = (
    Shown("reports.new", VISITOR, "/reports/new"),
    Shown("reports.new", "citizen", "/reports/new"),
    Shown("reports.list", VISITOR, "/reports"),
    Shown("reports.list", "citizen", "/reports?view=list&stage=open", name="cards"),
    Shown("reports.list", VISITOR, "/reports?place=zzz&view=list", name="nothing"),
    Shown("reports.embed", VISITOR, "/reports/embed?stage=open"),
    Shown("reports.follow", "citizen", "/reports/follow?category=roads&near=35.7,51.4"),
    Shown("reports.page", VISITOR, "/reports/{report}"),
    Shown("reports.sent", "citizen", "/reports/sent/{own}"),
    Shown("reports.me_too", "citizen", "/reports/me-too?case={report}"),
    Shown("reports.desk", "public_relations", "/desk/reports"),
    Shown("reports.register", "public_relations", "/desk/reports/new"),
    Shown("reports.register", "public_relations", "/desk/reports/new", reach=registered, name="done"),
    Shown("reports.convert", "public_relations", "/desk/reports/from/{open_message}"),
    Shown("reports.desk_map", "public_relations", "/desk/reports/map"),
    Shown("reports.field", "handler", "/desk/reports/field"),
    Shown("reports.field_case", "handler", "/desk/reports/field/{case}"),
    Shown("reports.field_job", "handler", "/desk/reports/field/{split}/jobs/{split_job}"),
    Shown("reports.field", "handler", "/desk/reports/field?whose=mine&near=35.7,51.4", name="nothing"),
    Shown("reports.remotes", "administrator", "/desk/reports/servers"),
    Shown("reports.remote_new", "administrator", "/desk/reports/servers/new"),
    Shown("reports.remote", "administrator", "/desk/reports/servers/{remote}"),
    Shown("reports.remote", "administrator", "/desk/reports/servers/{remote}?show=leased", name="nothing"),
    Shown("reports.remote_updates", "administrator", "/desk/reports/servers/{remote}/updates"),
    Shown(
        "reports.remote_updates",
        "administrator",
        "/desk/reports/servers/{remote}/updates?show=leased",
        name="nothing",
    ),
    Shown("reports.remote_edit", "administrator", "/desk/reports/servers/{remote}/edit"),
    Shown("reports.remote_delete", "administrator", "/desk/reports/servers/{remote}/delete"),
    Shown("reports.remote_rule_new", "administrator", "/desk/reports/servers/{remote}/rules/new"),
    Shown("reports.remote_rule", "administrator", "/desk/reports/servers/{remote}/rules/{remote_rule}"),
    Shown("reports.statistics", "public_relations", "/desk/reports/statistics?period=all"),
    Shown("reports.statistics", "public_relations", "/desk/reports/statistics?period=1405-03", name="month"),
    Shown(
        "reports.statistics", "public_relations", "/desk/reports/statistics?by=hours&period=all", name="hours"
    ),
)
