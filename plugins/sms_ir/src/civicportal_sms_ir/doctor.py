"""Findings that prevent messages from being sent."""

from collections.abc import Iterator
from datetime import timedelta

from civicportal.api.database import Work
from civicportal.api.notifications import SendError
from civicportal.api.plugins import Finding, Site
from civicportal_sms_ir.client import SmsIr
from civicportal_sms_ir.deliveries import DeliveryService
from civicportal_sms_ir.i18n import _
from civicportal_sms_ir.settings import TABLE, UNREACHABLE, Settings, is_in_use

ENOUGH = 20
"""Minimum messages for a delivery rate."""
MOST_LOST = 0.2


def findings(work: Work) -> Iterator[Finding]:
    """Yield problems of the provider, none if the site uses another transport."""
    site = work.site
    if not is_in_use(site):
        return
    settings = Settings.of(site)
    # The provider first, outside any transaction. A demo without its server has none.
    if settings.base_url != UNREACHABLE:
        yield from _account(site, settings)
    yield from _templates(site, settings)
    if settings.sandbox:
        yield Finding(
            level="warning",
            place=f"{TABLE}.sandbox",
            text=_("nothing is really sent"),
            remedy=_("use a real key"),
        )
    yield from _deliveries(work)


def _account(site: Site, settings: Settings) -> Iterator[Finding]:
    api = SmsIr(site)
    try:
        credit = api.credit()
        lines = api.lines() if settings.line else []
    except SendError as error:
        yield Finding(
            level="error",
            place=f"{TABLE}.api_key",
            text=_("sms.ir does not answer as it should: ${error}", mapping={"error": error.words}),
            remedy=_("check the key, the account and the internet connection"),
        )
        return
    if credit < settings.low_credit:
        yield Finding(
            level="warning",
            place=TABLE,
            text=_("the credit is down to ${credit}", mapping={"credit": f"{credit:g}"}),
            remedy=_("top it up"),
        )
    if settings.line and settings.line not in lines:
        yield Finding(
            level="error",
            place=f"{TABLE}.line",
            text=_("the account has no such line"),
            remedy="civicportal sms-ir lines",
        )


def _templates(site: Site, settings: Settings) -> Iterator[Finding]:
    place = f"{TABLE}.templates"
    missing = _without_template(site, settings)
    if missing:
        how = _("go out as free texts, which not everybody gets") if settings.line else _("are never sent")
        yield Finding(
            level="warning" if settings.line else "error",
            place=place,
            text=_(
                "these texts have no template and ${how}: ${missing}",
                mapping={"how": how, "missing": ", ".join(missing)},
            ),
            remedy=_("have them approved in the panel and write their numbers here"),
        )
    for key, template in sorted(settings.templates.items()):
        name, _sign, language = key.partition("@")
        text = site.messages.get(name)
        if text is None or language not in ("", *site.languages):
            yield Finding(level="warning", place=f"{place}.{key}", text=_("nothing sends this text"))
            continue
        fields = {*text.fields, "SITE", "HOST", "PHONE"}
        for field in sorted(set(template.parameters) - fields):
            yield Finding(
                level="error",
                place=f"{place}.{key}.parameters.{field}",
                text=_("the text has no such field"),
                remedy=_("its fields are ${fields}", mapping={"fields": ", ".join(sorted(fields))}),
            )


def _without_template(site: Site, settings: Settings) -> list[str]:
    """Return the texts without a template, abbreviated.

    :returns: ``key``, or ``key@language`` for one that lacks it in some languages only, or ``prefix.*`` for all texts
        of a plugin.
    """
    missing = {key: _languages_without(key, site, settings) for key in site.messages}
    groups: dict[str, list[str]] = {}
    for key in sorted(missing):
        groups.setdefault(key.partition(".")[0], []).append(key)
    names: list[str] = []
    for prefix, keys in groups.items():
        if len(keys) > 1 and all(missing[key] == site.languages for key in keys):
            names.append(f"{prefix}.*")
            continue
        for key in keys:
            is_whole = missing[key] == site.languages
            names += [key] if is_whole else [f"{key}@{language}" for language in missing[key]]
    return names


def _languages_without(key: str, site: Site, settings: Settings) -> tuple[str, ...]:
    if key in settings.templates:
        return ()
    return tuple(language for language in site.languages if f"{key}@{language}" not in settings.templates)


def _deliveries(work: Work) -> Iterator[Finding]:
    counts = work.get(DeliveryService).counts(work.clock.now() - timedelta(days=1))
    lost = counts["failed"] + counts["blocked"]
    if counts.total() >= ENOUGH and lost > MOST_LOST * counts.total():
        yield Finding(
            level="warning",
            place=TABLE,
            text=_(
                "${lost} of the ${count} messages of the last day did not arrive",
                mapping={"lost": lost, "count": counts.total()},
            ),
            remedy=_("check the reports in the panel"),
        )
