"""Lists as files and on paper."""

from browser.pages.shown import Shown

PAGES = (
    Shown("exports.choose", "public_relations", "/exports/reports.list?stage=open"),
    Shown("exports.choose", "administrator", "/exports/reports.figures", name="figures"),
    Shown("exports.print", "public_relations", "/exports/reports.list/print?stage=open"),
    Shown("exports.print", "administrator", "/exports/kartable.list/print?q=nothing", name="empty"),
    Shown("exports", "administrator", "/exports"),
    Shown("exports", "handler", "/exports", name="empty"),
    Shown("exports.job", "administrator", "/exports/jobs/{export_running}", name="running"),
    Shown("exports.job", "administrator", "/exports/jobs/{export_ready}", name="ready"),
)
