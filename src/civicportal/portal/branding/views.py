"""The settings page, and the city's texts: about, privacy, terms."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.accounts.step_up import prove
from civicportal.portal.branding.schemas import COLOURS, TRANSLATED, SettingsForm
from civicportal.portal.branding.services import BrandingService
from civicportal.util.colour import contrasts
from civicportal.util.errors import Conflict, NotFound
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.forms.translated import TranslatedFields
from civicportal.web.request import Request, ViewResult

DIGEST = "digest"
CHANGED = _(
    "A colleague saved the settings while you were writing. Your text is kept: check it and save again."
)
#: Titles of the text pages.
WORDS = {"about": _("About the portal"), "privacy": _("Privacy"), "terms": _("Terms of use")}


def settings(request: Request) -> ViewResult:
    """Show or save the settings."""
    branding = request.work.get(BrandingService).current()
    values = branding.values()
    fields = {child.name: child.name.replace("_", ".", 1) for child in SettingsForm() if child.name != DIGEST}
    fields |= {"name": "name", "short_name": "short_name"}
    translated = TranslatedFields(request.site, TRANSLATED)
    fields |= {f"{code}_{name}": f"{code}.{fields[name]}" for code in translated.codes for name in TRANSLATED}
    initial = {field: values.get(key, "") for field, key in fields.items()}
    form = BoundForm(
        request,
        translated.add_to(SettingsForm()),
        initial={**initial, DIGEST: branding.digest},
        buttons=(Button(title=_("Save")),),
    )

    if asked := prove(request, form, shows=True):
        return asked

    def save(sent: Values) -> ViewResult:
        try:
            changed = request.work.get(BrandingService).save(
                {key: str(sent[field]) for field, key in fields.items()}, sent[DIGEST]
            )
        except Conflict:
            present = request.work.get(BrandingService).current()
            form.fill({**form.draft(), DIGEST: [present.digest]})
            form.fail("", CHANGED)
            request.response.status_int = 409
            return {"form": form, "languages": translated.groups}
        told = _("The settings are kept.") if changed else _("Nothing was changed.")
        request.session.flash(request.translate(told), "good")
        return HTTPSeeOther(request.route_path("admin.settings"))

    answer = form.handle(save, languages=translated.groups)
    if isinstance(answer, dict):
        # Of the current input, so that a refused colour shows its contrast.
        typed = {name: form.readable().get(name) for name in COLOURS}
        look = {name.removeprefix("look_"): colour for name, colour in typed.items() if colour}
        answer["contrasts"] = contrasts({**branding.look, **look})
    return answer


def words(request: Request) -> dict[str, object]:
    """Show one of the city's texts."""
    page = request.matchdict["page"]
    text = request.site.branding_in(request.locale_name).texts.get(page, "")
    if not text:
        raise NotFound("the city has no such words")
    return {"page_name": WORDS[page], "paragraphs": [one for one in text.split("\n\n") if one.strip()]}
