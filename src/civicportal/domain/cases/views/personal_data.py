"""Personal data in a form: refused before a publication.

Citizens are warned before they publish theirs.
"""

from collections.abc import Collection

from civicportal.domain.cases.public_texts import MOST_ALLOWED, PersonalDataFound, PublicTexts
from civicportal.util.countries.personal import Kind
from civicportal.util.i18n import _, listed
from civicportal.util.persian import LONGEST_WORD, key
from civicportal.util.personal_data import KINDS, PersonalDatum
from civicportal.web.forms import BoundForm, FormInvalid
from civicportal.web.forms.parts import ALLOWED, NOTICED
from civicportal.web.forms.widgets import shown
from civicportal.web.request import Request


class PersonalDataCheck:
    """Personal data in the texts of a form."""

    def __init__(self, request: Request, form: BoundForm) -> None:
        self.request, self.form = request, form

    @property
    def allowed(self) -> frozenset[str]:
        """Return the words declared not to be names."""
        return allowed_words(self.request)

    def show(self, found: PersonalDataFound) -> None:
        """Show the personal data found in the texts.

        The caller answers 422. Findings in a text that is not a field of the form are shown above the form.
        """
        names = {field.name for field in self.form}
        for name, data in found.fields.items():
            if name not in names:
                self.form.fail("", found.reason)
                continue
            self.form.fail(name, found.reason)
            text = typed(self.form, name)
            _point_out(self.request, self.form, name, text, found.find(text) or list(data))
            self.form[name].carried = [(ALLOWED, word) for word in sorted(self.allowed)]

    def warn(self, name: str, *, without: Collection[Kind] = ()) -> None:
        """Warn a citizen once about personal data.

        The same text sent again is accepted.

        :param name: of the field.
        :param without: kinds to ignore, such as the address of a problem.
        :raises FormInvalid: the first time; the form shows what was found and where.
        """
        text = typed(self.form, name)
        found = [one for one in self.request.work.get(PublicTexts).own(text) if one.kind not in without]
        if not found:
            return
        noticed = self.request.site.keys.mac("noticed", text).hex()[:32]
        if self.request.POST.get(NOTICED) == noticed:
            return
        kinds = [self.request.translate(KINDS[kind]) for kind in dict.fromkeys(one.kind for one in found)]
        self.form.fail(
            name,
            _(
                "Your text holds: ${what}. If it is published, everybody can read that; better take it out. If it has to stay, press the button once more.",
                mapping={"what": listed(kinds, self.request.locale_name)},
            ),
        )
        _point_out(self.request, self.form, name, text, found)
        self.form[name].carried = [(NOTICED, noticed)]
        raise FormInvalid


def allowed_words(request: Request) -> frozenset[str]:
    """Return the words declared not to be names."""
    sent = [word for word in request.POST.getall(ALLOWED)[:MOST_ALLOWED] if isinstance(word, str)]
    return frozenset(key(word[:LONGEST_WORD]) for word in sent)


def typed(form: BoundForm, name: str) -> str:
    """Return a field's text with a browser's line breaks."""
    return shown(form[name].cstruct).replace("\r\n", "\n")


def _point_out(request: Request, form: BoundForm, name: str, text: str, found: list[PersonalDatum]) -> None:
    form[name].show_excerpts(
        text, [(one.start, one.end, request.translate(KINDS[one.kind]), one.word) for one in found]
    )
