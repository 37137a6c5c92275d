"""Public texts without personal data.

Public columns have the type :class:`~civicportal.domain.cases.public_type.PublicString`: it accepts only a
:class:`PublicText`, which only :class:`PublicTexts` creates. See ``docs/security/privacy.md``.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import event, select
from sqlalchemy.orm import attributes, object_session
from translationstring import TranslationString

from civicportal.core.crypto import CannotDecrypt
from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.public_type import CHECKED, PublicText
from civicportal.util.countries.personal import Kind
from civicportal.util.i18n import _, listed
from civicportal.util.persian import LONGEST_WORD, key
from civicportal.util.personal_data import KINDS, Person, PersonalDatum, compose, find, salutation
from civicportal.util.values import Values
from civicportal.web.schema import CleanText, ListOf, Node

if TYPE_CHECKING:
    from civicportal.core.work import Work

Find = Callable[[str], list[PersonalDatum]]
ALLOWED = "allowed"
"""Key in an event's data, and field of the body of a call, for the words that an officer declared not to be names."""
ANYBODYS: frozenset[Kind] = frozenset({"mobile", "national_code"})
"""Kinds that are refused in texts of the city too, where the address of an office is allowed."""
MOST_ALLOWED = 20
"""Maximum of words of a text that a person declares not to be names."""
_CLEARED = "civicportal.cleared_cases"


class PersonalDataFound(Refused):
    """Texts that were about to become public contain personal data.

    :ivar fields: findings by the name of the text.
    :ivar find: searches a text of a form for it.
    """

    def __init__(
        self,
        fields: Mapping[str, Sequence[PersonalDatum]],
        find: Find,
        locale: str,
        translate: Callable[[TranslationString], str],
    ) -> None:
        kinds = dict.fromkeys(finding.kind for found in fields.values() for finding in found)
        names = listed((translate(KINDS[kind]) for kind in kinds), locale)
        super().__init__(
            _(
                "Everybody can read this text, and it holds: ${what}. Please take that out.",
                mapping={"what": names},
            )
        )
        self.fields, self.find = fields, find

    @property
    def pointers(self) -> Mapping[str, str]:
        """Return the reason for each text."""
        return {f"#/{name}": self.reason for name in self.fields}

    @property
    def doubts(self) -> Mapping[str, Sequence[str]]:
        """Return the words of each text that may be no names."""
        return {
            f"#/{name}": list(dict.fromkeys(one.word for one in found if one.word))
            for name, found in self.fields.items()
        }


class PublicTexts(Service):
    """Check public texts, and anonymise texts for the public."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.country = work.site.country
        self._people: dict[int | None, Person] = work.memo()

    def check(
        self,
        case: Case | None,
        texts: Mapping[str, str],
        *,
        allowed: Collection[str] = (),
        addressed: bool = False,
    ) -> dict[str, PublicText]:
        """Return texts that may be public, or refuse them.

        :param case: the case whose sender must not be identifiable; None for texts of the city.
        :param texts: the texts by name, for instance of form fields.
        :param allowed: uncertain words that an officer declares not to be names (``PersonalDatum.word``); recorded in
            the trail.
        :param addressed: answers that begin with a salutation, which only the sender will read.
        :raises PersonalDataFound: with the findings of each text.
        """
        person = self.person(case, others=True)

        def find_in(text: str) -> list[PersonalDatum]:
            begins = salutation(text, person, self.country) if addressed else 0
            found = find(text, person, self.country, allowed=allowed)
            return [one for one in found if one.end > begins and (case or one.kind in ANYBODYS)]

        found = {name: findings for name, text in texts.items() if (findings := find_in(text))}
        if found:
            localizer = self.work.site.localizer()
            raise PersonalDataFound(found, find_in, localizer.locale_name, localizer.translate)
        if case is not None and self._uses(texts.values(), person, allowed):
            self.work.get(AuditService).record("text:allow_word", case_id=case.id)
        return {
            name: PublicText(text[salutation(text, person, self.country) if addressed else 0 :], CHECKED)
            for name, text in texts.items()
        }

    @staticmethod
    def allowed_node() -> Node:
        """Return the field ``allowed`` of the body of a call: words of its texts that look like names and are none."""
        return Node(
            ListOf(CleanText(1, LONGEST_WORD), max=MOST_ALLOWED),
            name=ALLOWED,
            title=_("Words of the text that look like names and are none"),
            description=_("Those that a refusal lists as “words”, once a person has looked at them"),
            missing=(),
        )

    @staticmethod
    def allowed_words(values: Values) -> frozenset[str]:
        """Return the words of the field ``allowed`` of a body, for :meth:`check`."""
        return frozenset(key(word) for word in values.get(ALLOWED, ()))

    def own(self, text: str) -> list[PersonalDatum]:
        """Return the personal data in a text written by the actor.

        Their name and mobile are known already; any valid national code is found.
        """
        actor = self.work.actor
        names = (actor.name,) if actor.name and actor.is_citizen else ()
        person = Person(names=names, mobile=(actor.mobile or "") if actor.is_citizen else "")
        return find(text, person, self.country)

    def composed(self, case: Case, text: str) -> str:
        """Return a draft without salutation, name and numbers."""
        word = self.work.site.localizer().translate(_("the citizen"))
        return compose(text, self.person(case), self.country, name=word)

    def shown(self, case: Case, text: str, allowed: Collection[str] = ()) -> PublicText:
        """Return a text anonymised for other people.

        It is empty if that is not possible.

        :param allowed: uncertain words that an officer has declared not to be names.
        """
        if not text:
            return PublicText("", CHECKED)
        person = self.person(case)
        word = self.work.site.localizer().translate(_("the citizen"))
        said = compose(text, person, self.country, name=word, allowed=allowed)
        return PublicText("" if find(said, person, self.country, allowed=allowed) else said, CHECKED)

    def said(self, case: Case, text: str, data: Values) -> PublicText:
        """Return the public text of an event for other readers.

        :param data: of the event, with the words that its officer allowed.
        """
        return self.shown(case, text, allowed=data.get(ALLOWED, ()))

    def body(self, case: Case) -> PublicText:
        """Return the public text of a case.

        It is the one an officer published, else the anonymised text.
        """
        return PublicText(case.public_body, CHECKED) if case.public_body else self.shown(case, case.body)

    def place(self, case: Case) -> PublicText:
        """Return the public address of a case, without house and flat numbers."""
        comma = self.work.site.localizer().translate(_(", "))
        parts = (self.shown(case, part).strip(" …") for part in case.place.split(comma.strip()))
        return PublicText(comma.join(part for part in parts if part), CHECKED)

    def release(self, case: Case, body: str, *, allowed: Collection[str] = ()) -> None:
        """Set the public text of a case.

        The case itself is made public by its service.

        :raises PersonalDataFound: when its text or its subject contains personal data.
        """
        checked = self.check(case, {"words": body, "subject": case.subject}, allowed=allowed)
        case.public_body = checked["words"]
        self.work.session.info.setdefault(_CLEARED, set()).add(case.id)

    def retitle(
        self, case: Case, subject: str, *, allowed: Collection[str] = (), checked: bool = False
    ) -> None:
        """Set the subject of a case.

        :param checked: the case was public with this subject before.
        :raises PersonalDataFound: when the case is public and the subject contains personal data.
        """
        if case.public:
            if not checked:
                self.check(case, {"subject": subject}, allowed=allowed)
            self.work.session.info.setdefault(_CLEARED, set()).add(case.id)
        case.subject = subject

    def people(self, cases: Iterable[Case]) -> None:
        """Load the senders of many cases in one query."""
        ids = {case.citizen_id for case in cases if case.citizen_id} - self._people.keys()
        if ids:
            for user in self.work.session.scalars(select(User).where(User.id.in_(ids))):
                self._people[user.id] = self._of(user)
            self._people.update((gone, Person()) for gone in ids - self._people.keys())

    def person(self, case: Case | None, *, others: bool = False) -> Person:
        """Return the personal data forbidden in a text, none for texts of the city.

        :param others: include further names by which the case can be found.
        """
        if case is None:
            return Person()
        if case.citizen_id not in self._people:
            user = self.work.session.get(User, case.citizen_id) if case.citizen_id else None
            self._people[case.citizen_id] = self._of(user)
        known = self._people[case.citizen_id]
        named = tuple(filter(None, case.people.split("\n"))) if others and case.people else ()
        return Person(
            names=(*known.names, *named),
            mobile=known.mobile,
            national_code=known.national_code,
            tracking_code=case.code,
        )

    def _of(self, user: User | None) -> Person:
        if user is None:
            return Person()
        national_code = ""
        if user.national_code:
            with suppress(CannotDecrypt):
                national_code = self.work.site.keys.decrypt(user.national_code)
        return Person(
            names=(user.name,) if user.name else (), mobile=user.mobile or "", national_code=national_code
        )

    def _uses(self, texts: Iterable[str], person: Person, allowed: Collection[str]) -> bool:
        if not allowed:
            return False
        return any(one.word in allowed for text in texts for one in find(text, person, self.country))


@event.listens_for(Case, "before_insert")
@event.listens_for(Case, "before_update")
def _refuse_unchecked(_mapper: object, _connection: object, case: Case) -> None:
    """Refuse public cases and subjects that neither :meth:`PublicTexts.release` nor ``retitle`` has checked."""
    if not case.public:
        return
    changed = any(attributes.get_history(case, name).has_changes() for name in ("public", "subject"))
    session = object_session(case)
    if changed and session is not None and case.id not in session.info.get(_CLEARED, ()):
        raise TypeError("a case becomes public by CaseService.publish only")
