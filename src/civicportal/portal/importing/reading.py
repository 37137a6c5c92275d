"""Conversion of the rows of a file to cases."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from translationstring import TranslationString

from civicportal.core.db import NEVER
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.references import LONGEST as LONGEST_CODE
from civicportal.domain.cases.sources import SOURCES
from civicportal.domain.cases.workflow import State
from civicportal.domain.kartable.importing import CaseImportService, ImportedCase, ImportedStep
from civicportal.domain.organization.services import OrganizationService
from civicportal.portal.importing.errors import Level, LineProblem, LineRefused
from civicportal.portal.importing.fields import FIELDS
from civicportal.portal.importing.mapping import ImportMapping, ImportSection
from civicportal.portal.importing.moments import parse_moment
from civicportal.portal.importing.sources import SourceRow
from civicportal.util.errors import Refused
from civicportal.util.i18n import InvalidInput, _, say
from civicportal.util.persian import key

if TYPE_CHECKING:
    from civicportal.core.work import Work

Value = TypeVar("Value")

LONGEST_KEY = 120
LONGEST_BODY, LONGEST_PLACE, LONGEST_SUBJECT, LONGEST_NAME = 20_000, 300, 200, 120
_YES = frozenset(("1", "true", "yes", "x", "بله", "بلی", "فوری", "دارد"))
LEFT_OUT = "-"
"""The meaning of a unit or category that cases are imported without."""
_MASK = "…"


class CaseReader:
    """Reads cases in one unit of work; writes nothing.

    :param mapping: has a table of cases.
    """

    def __init__(self, work: "Work", mapping: ImportMapping, section: ImportSection) -> None:
        self.work, self.mapping, self.section = work, mapping, section
        self.history = mapping.section("history") or ImportSection(entity="history")
        self.kind = kind_of(work.site, section.kind)
        self.writer = work.get(CaseImportService)
        self.now = work.clock.now()
        organization = work.get(OrganizationService)
        self._units = named(
            (unit.id, (unit.key, unit.name, unit.short_name)) for unit in organization.units.by_id.values()
        )
        categories = organization.categories_of(self.kind.name).by_id.values()
        self._categories = named((one.id, (one.key, one.name, one.short_name)) for one in categories)
        languages = [work.site.localizer(locale) for locale in {work.site.locale, *work.site.languages}]
        states = [
            (state, (state.name, *(say(state.title, localizer) for localizer in languages)))
            for state in self.kind.workflow.states
        ]
        self._states: Mapping[str, State] = named(states)
        channels = [
            (name, (name, *(say(title, localizer) for localizer in languages)))
            for name, title in SOURCES.items()
        ]
        self._channels: Mapping[str, str] = named(channels)

    def key_of(self, row: SourceRow) -> str:
        """Return the key of a row in its system; empty if it has none."""
        return self.section.text(row.values, "key")[:LONGEST_KEY]

    def read(self, row: SourceRow, history: Sequence[SourceRow]) -> tuple[ImportedCase, list[LineProblem]]:
        """Return the case of a row, and warnings.

        :param history: rows of its history.
        :raises LineRefused: with every problem of the row.
        """
        reader = _RowReader(self, row)
        found = reader.case(history)
        if reader.is_refused() or found is None:
            raise LineRefused(*reader.problems)
        return found, reader.problems

    def unit(self, text: str) -> int | None:
        """Return the id of the unit with a key or name."""
        return self._units.get(key(text))

    def category(self, text: str) -> int | None:
        """Return the id of the category with a key or name."""
        return self._categories.get(key(text))

    def state(self, text: str) -> State | None:
        """Return the state with a name or title."""
        return self._states.get(key(text))

    def channel(self, text: str) -> str | None:
        """Return the channel with a name or title."""
        return self._channels.get(key(text))


class _RowReader:
    """Reads one row, and collects its problems."""

    def __init__(self, reader: CaseReader, row: SourceRow) -> None:
        self._reader, self._row, self._section = reader, row, reader.section
        self._work, self._mapping = reader.work, reader.mapping
        self.problems: list[LineProblem] = []

    def is_refused(self) -> bool:
        """Return whether a problem rejects the row."""
        return any(problem.level == "rejected" for problem in self.problems)

    def case(self, history: Sequence[SourceRow]) -> ImportedCase | None:
        """Return the case, None for a row without what a case needs."""
        created = self._moment("created")
        state = self._state(self._text("status"), self._section, "status")
        mobile = self._mobile()
        steps = self._steps(created, history) if created else []
        extra = self._extra()
        urgent, channel = key(self._text("urgent")) in _YES, self._channel()
        category, unit = self._category(), self._unit(self._text("unit"), self._section, "unit")
        closed, deadline = self._moment("closed"), self._moment("deadline")
        if created is None or state is None or self.is_refused():
            return None
        closed = self._closing(state, created, closed, steps)
        if closed is not None and self._text("answer"):
            steps = self._with_answer(steps, closed, state)
        case = Case(
            kind=self._reader.kind.name,
            subject=self._text("subject")[:LONGEST_SUBJECT],
            place=self._text("place")[:LONGEST_PLACE],
            body=self._text("body")[:LONGEST_BODY],
            category_id=category,
            status=state.name,
            stage=state.stage,
            urgent=urgent,
            public=False,
            source=channel,
            created_at=created,
            updated_at=created,
            closed_at=closed,
            deadline=max(deadline, created) if deadline else NEVER,
            **dict.fromkeys(("reopenings", "hops", "rated", "satisfied"), 0),
        )
        detail = self._detail(case, extra)
        if self.is_refused():
            return None
        if not case.subject:
            topic = self._work.get(OrganizationService).category_name(category, self._work.site.locale)
            case.subject = topic or say(self._reader.kind.title, self._work.site.localizer())
        if unit is None and steps:
            unit = next((step.unit_id for step in reversed(steps) if step.unit_id), None)
        holder, rule = self._reader.writer.place(case, detail, unit)
        self._refuse_unattended(case, holder)
        return ImportedCase(
            case=case,
            detail=detail,
            kind=self._reader.kind,
            steps=steps,
            source=self._mapping.source,
            reference=(self._text("code") or self._reader.key_of(self._row))[:LONGEST_CODE],
            mobile=mobile,
            name=self._text("name")[:LONGEST_NAME],
            holder_id=holder,
            rule=rule,
            texts=extra,
        )

    # -- fields ---------------------------------------------------------------------------------------------

    def _text(self, name: str) -> str:
        return self._section.text(self._row.values, name)

    def _refuse(
        self,
        reason: TranslationString,
        name: str = "",
        text: str = "",
        *,
        section: ImportSection | None = None,
        warn: bool = False,
    ) -> None:
        section = section or self._section
        column = section.header(name) if name else ""
        value = _MASK if text and self._is_personal(name, section) else text
        level: Level = "warning" if warn else "rejected"
        self.problems.append(LineProblem(reason=reason, column=column, value=value[:100], level=level))

    def _is_personal(self, name: str, section: ImportSection | None = None) -> bool:
        field = FIELDS[(section or self._section).entity].get(name)
        return field.personal if field else name in self._reader.kind.import_personal

    def _moment(self, name: str) -> datetime | None:
        text = self._text(name)
        if not text:
            if name == "created":
                self._refuse(_("The date is missing."), name)
            return None
        return self._parsed_moment(text, name, self._section)

    def _parsed_moment(self, text: str, name: str, section: ImportSection) -> datetime | None:
        calendar = self._work.site.calendar
        try:
            moment = parse_moment(text, order=self._mapping.order, calendar=calendar)
        except InvalidInput as error:
            self._refuse(error.reason, name, text, section=section)
            return None
        if name not in ("deadline", *self._reader.kind.import_moments) and moment > self._reader.now:
            if calendar.today(moment) > calendar.today(self._reader.now):
                self._refuse(_("This date is in the future."), name, text, section=section)
                return None
            moment = self._reader.now
        return moment

    def _state(self, text: str, section: ImportSection, name: str) -> State | None:
        if not text:
            if section is self._section:
                self._refuse(_("The status is missing."), name)
            return None
        meant = self._reader.section.meaning("status", section.meaning(name, text))
        found = self._reader.state(meant)
        if found is None:
            self._refuse(_("The mapping does not say which status this is."), name, text, section=section)
        return found

    def _unit(self, text: str, section: ImportSection, name: str) -> int | None:
        if not text:
            return None
        meant = self._reader.section.meaning("unit", section.meaning(name, text))
        if meant == LEFT_OUT:
            return None
        found = self._reader.unit(meant)
        if found is None:
            self._refuse(_("The mapping does not say which unit this is."), name, text, section=section)
        return found

    def _category(self) -> int | None:
        text = self._text("category")
        meant = self._section.meaning("category", text)
        found = self._reader.category(meant) if meant else None
        if text and found is None and meant != LEFT_OUT:
            self._refuse(_("The mapping does not say which category this is."), "category", text)
        return found

    def _channel(self) -> str:
        text = self._text("channel")
        if not text:
            return "web"
        found = self._reader.channel(self._section.meaning("channel", text))
        if found is None:
            self._refuse(_("The mapping does not say which channel this is."), "channel", text)
        return found or "web"

    def _mobile(self) -> str | None:
        text = self._text("mobile")
        if not text:
            return None
        try:
            return self._work.site.country.normalize_mobile(text)
        except InvalidInput as error:
            self._refuse(error.reason, "mobile", text, warn=self._section.option("bad_mobile") == "drop")
        return None

    def _extra(self) -> dict[str, str]:
        """Return the texts of the kind's own columns; dates in ISO 8601."""
        kind, found = self._reader.kind, dict[str, str]()
        for name in kind.import_columns:
            text = self._text(name)
            if text and name in kind.import_moments:
                moment = self._parsed_moment(text, name, self._section)
                found[name] = moment.isoformat() if moment else ""
            else:
                found[name] = self._section.meaning(name, text)
        return found

    def _detail(self, case: Case, extra: Mapping[str, str]) -> object:
        make = self._reader.kind.import_detail
        if make is None:
            return None
        try:
            return make(case, extra, self._work)
        except Refused as error:
            named = [name for name in extra if extra[name]]
            columns = ", ".join(self._section.header(name) for name in named)
            shown = (_MASK if self._is_personal(name) else extra[name] for name in named)
            value = ", ".join(shown)[:100]
            self.problems.append(LineProblem(reason=error.reason, column=columns, value=value))
            return None

    def _closing(
        self, state: State, created: datetime, closed: datetime | None, steps: Iterable[ImportedStep]
    ) -> datetime | None:
        """Return when a closed case was closed."""
        if state.is_open:
            return None
        workflow = self._reader.kind.workflow
        ends = [step.at for step in steps if step.status and not workflow.state(step.status).is_open]
        closed = closed or (ends[-1] if ends else None)
        if closed is None:
            self._refuse(_("A closed case needs the date of its closing."), "closed")
            return None
        return self._not_before(closed, created, "closed", self._text("closed"))

    def _not_before(
        self, moment: datetime, created: datetime, name: str, text: str, section: ImportSection | None = None
    ) -> datetime:
        if moment >= created:
            return moment
        calendar = self._work.site.calendar
        if calendar.today(moment) != calendar.today(created):
            self._refuse(_("This date is before the registration."), name, text, section=section)
        # A date without a time of day is not earlier than another one of the same day.
        return created

    def _steps(self, created: datetime, history: Sequence[SourceRow]) -> list[ImportedStep]:
        section, found = self._reader.history, list[ImportedStep]()
        for row in history:
            text = section.text(row.values, "date")
            moment = self._parsed_moment(text, "date", section)
            if moment is None:
                continue
            state = self._state(section.text(row.values, "status"), section, "status")
            found.append(
                ImportedStep(
                    at=self._not_before(moment, created, "date", text, section),
                    status=state.name if state else None,
                    unit_id=self._unit(section.text(row.values, "unit"), section, "unit"),
                    public_text=section.text(row.values, "text")[:LONGEST_BODY],
                    internal_text=section.text(row.values, "note")[:LONGEST_BODY],
                    actor_name=section.text(row.values, "actor")[:LONGEST_NAME],
                )
            )
        return sorted(found, key=lambda step: step.at)

    def _with_answer(
        self, steps: Sequence[ImportedStep], closed: datetime, state: State
    ) -> list[ImportedStep]:
        """Return the steps with the answer of the row at the closing, unless the history has it."""
        answer = self._text("answer")[:LONGEST_BODY]
        if any(step.public_text == answer for step in steps):
            return list(steps)
        place = max((n for n, step in enumerate(steps) if step.status == state.name), default=None)
        if place is not None and not steps[place].public_text:
            return [*steps[:place], replace(steps[place], public_text=answer), *steps[place + 1 :]]
        last = max([closed, *(step.at for step in steps)])
        return [*steps, ImportedStep(at=last, status=state.name, public_text=answer)]

    def _refuse_unattended(self, case: Case, holder_id: int | None) -> None:
        if not case.is_open or self._reader.writer.is_attended(case, holder_id):
            return
        unit = self._work.get(OrganizationService).unit_name(case.unit_id)
        reason = _("No one in “${unit}” would work on this open case.", mapping={"unit": unit})
        self._refuse(reason, "unit", warn=self._section.option("unattended") == "list")


def named(rows: Iterable[tuple[Value, Iterable[str]]]) -> dict[str, Value]:
    """Return values by their folded names; the first one of two with the same name."""
    found: dict[str, Value] = {}
    for value, names in rows:
        for name in names:
            if name:
                found.setdefault(key(name), value)
    return found
