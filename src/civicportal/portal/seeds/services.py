"""Seeds of the site's files.

They are applied once per key; later changes in the browser persist.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import TYPE_CHECKING, TypeVar

import colander
from sqlalchemy import ColumnElement, select

from civicportal.core.settings import wrong_table
from civicportal.core.settings_values import WEEKDAYS
from civicportal.core.translated import translated_columns
from civicportal.core.work import Service
from civicportal.domain.accounts.factors import ADMINISTRATOR
from civicportal.domain.accounts.models import Role, RolePermission
from civicportal.domain.audit.services import AuditService
from civicportal.domain.automation.form import check_automation
from civicportal.domain.automation.models import Automation
from civicportal.domain.automation.services import AutomationService
from civicportal.domain.automation.triggers import AGES
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.notifications.models import StoredText
from civicportal.domain.notifications.sms import SmsLength
from civicportal.domain.notifications.texts import TextService
from civicportal.domain.organization.categories import CategoryService
from civicportal.domain.organization.models import Category, Holiday, OfficeHours, Seed, Unit
from civicportal.domain.organization.units import UnitService
from civicportal.domain.questionnaires.editing import QuestionEditor
from civicportal.domain.questionnaires.models import CategoryQuestion, QuestionChoice
from civicportal.portal.help.models import HelpQuestion
from civicportal.portal.help.services import HelpService
from civicportal.portal.seeds.files import PlannedSeed, SeedFiles
from civicportal.portal.seeds.schemas import RoutingSeed
from civicportal.util.calendar import CityCalendar
from civicportal.util.errors import ConfigurationError, Refused
from civicportal.util.i18n import InvalidInput, say
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.work import Work


Row = TypeVar("Row")
Keyed = Unit | Category | CategoryQuestion | QuestionChoice


@dataclass(frozen=True, kw_only=True)
class SeedDifference:
    """A seed that differs from what was applied."""

    key: str
    state: str


class SeedService(Service):
    """Apply and compare the seeds of ``data/*.toml``."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self._apply: dict[str, Callable[[PlannedSeed, Values], None]] = {
            "unit": self._unit,
            "category": self._category,
            "asked": self._asked,
            "role": self._role,
            "routing": self._routing,
            "automation": self._automation,
            "message": self._message,
            "question": self._question,
            "holiday": self._holiday,
            "calendar": self._office_hours,
        }

    def load(self) -> list[str]:
        """Apply every new seed, or none.

        :returns: their keys.
        :raises ConfigurationError: with the problems of all new seeds, one a line.
        """
        known = set(self.session.scalars(select(Seed.key)))
        new = [seed for seed in self.planned() if seed.key not in known]
        if problems := _problems(new):
            raise ConfigurationError("\n".join(problems))
        for seed in new:
            self._plant(seed)
        return [seed.key for seed in new]

    def diff(self) -> list[SeedDifference]:
        """Return the seeds that are new or have changed in the files."""
        known = {seed.key: seed.digest for seed in self.session.scalars(select(Seed))}
        return [
            SeedDifference(key=seed.key, state="changed" if seed.key in known else "new")
            for seed in self.planned()
            if known.get(seed.key) != seed.digest
        ]

    def apply(self, keys: Iterable[str]) -> None:
        """Overwrite rows with the files' values for these keys.

        :raises ConfigurationError: for an unknown key, and for wrong values.
        """
        planned = {seed.key: seed for seed in self.planned()}
        for key in keys:
            if key not in planned:
                raise ConfigurationError(f"no file holds the seed {key!r}")
            self._plant(planned[key])
            self.work.get(AuditService).record("site:apply", key=key)

    def planned(self) -> list[PlannedSeed]:
        """Return the seeds of the files.

        :raises ConfigurationError: when a file cannot be read, see :meth:`SeedFiles.planned`.
        """
        return SeedFiles(self.work.site).planned()

    def problems(self) -> list[str]:
        """Return the problems of the files, also of seeds that were applied before, each with its place."""
        try:
            return _problems(self.planned())
        except ConfigurationError as error:
            return [str(error)]

    def _plant(self, seed: PlannedSeed) -> None:
        try:
            self._apply[seed.sort](seed, seed.validated())
        except KeyError as error:
            raise ConfigurationError(f"{seed.place}: {error} is missing or unknown") from error
        except (Refused, InvalidInput) as error:
            raise ConfigurationError(f"{seed.place}: {say(error.reason)}") from error
        self.session.merge(Seed(key=seed.key, digest=seed.digest))
        self.session.flush()

    def _unit(self, seed: PlannedSeed, values: Values) -> None:
        columns = {
            "name": values["name"],
            "short_name": values["short"] or SmsLength.cut(values["name"], 25),
            "phone": values["phone"],
            "parent_id": self._id(Unit, values["parent"]),
            "translations": self._translations(Unit, seed, values),
        }
        unit = self._row(Unit, Unit.key == values["key"])
        if unit is None:
            self.session.add(Unit(key=values["key"], **columns, **seed.order))
        else:
            UnitService(self.work).change(unit, columns)
            unit.weight = seed.order["weight"]

    def _category(self, seed: PlannedSeed, values: Values) -> None:
        kind, key = values["kind"], values["key"]
        columns = {
            "name": values["name"],
            "short_name": values["short"] or SmsLength.cut(values["name"], 25),
            "parent_id": self._id(Category, values["parent"], Category.kind == kind),
            "unit_id": self._id(Unit, values["unit"]),
            "deadline_days": values["days"],
            "icon": values["icon"],
            "tint": values["tint"],
            "hint": values["hint"],
            "synonyms": list(values["synonyms"]),
            "public": values["public"],
            "translations": self._translations(Category, seed, values),
        }
        category = self._row(Category, Category.kind == kind, Category.key == key)
        if category is None:
            self.session.add(Category(kind=kind, key=key, **columns, **seed.order))
        else:
            # Not the one of the unit of work, which has read the categories before.
            CategoryService(self.work).change(category, columns)
            category.weight = seed.order["weight"]

    def _asked(self, seed: PlannedSeed, values: Values) -> None:
        """Plant a question about cases of a category, with its choices."""
        category = self._row(Category, Category.kind == values["kind"], Category.key == values["category"])
        if category is None:
            raise KeyError(values["category"])
        of_category = CategoryQuestion.category_id == category.id
        condition_id = self._id(CategoryQuestion, values["after"], of_category)
        for choice in values["after_choices"]:
            self._id(QuestionChoice, choice, QuestionChoice.question_id == condition_id)
        columns = {
            "key": values["key"],
            "datatype": values["datatype"] or "string",
            "variable": values["datatype"] is not None,
            "label": values["label"],
            "hint": values["hint"],
            "required": values["required"],
            "public": values["public"],
            "condition_id": condition_id,
            "condition_keys": list(values["after_choices"]),
            "translations": self._translations(CategoryQuestion, seed, values),
        }
        choices = [
            {**own, "translations": self._translations(QuestionChoice, seed, own)}
            for own in values["choices"]
        ]
        editor = self.work.get(QuestionEditor)
        question = self._row(CategoryQuestion, of_category, CategoryQuestion.key == values["key"])
        if question is None:
            question = editor.add(category, columns, choices)
        else:
            present = {choice.key: choice for choice in editor.choices(question)}
            new = [own for own in choices if own["key"] not in present]
            editor.change(question, columns, new)
            for own in choices:
                if own["key"] in present:
                    editor.change_choice(question, present[own["key"]], own)
        question.weight = seed.order["weight"]
        places = {own["key"]: -position for position, own in enumerate(choices)}
        for choice in editor.choices(question):
            choice.weight = places.get(choice.key, choice.weight)

    def _translations(self, model: type[object], seed: PlannedSeed, values: Values) -> dict[str, Values]:
        """Return the texts of other languages: ``translations.en = { name = "Waste" }``."""
        site, known = self.work.site, {column.key for column in translated_columns(model)}
        names = {"short": "short_name", **({"title": "name"} if model is Holiday else {})}
        found: dict[str, Values] = {}
        for locale, texts in values["translations"].items():
            own = {names.get(name, name): text for name, text in texts.items()}
            if locale == site.locale or locale not in site.languages:
                raise ConfigurationError(f"{seed.place}: {locale!r} is no further language of site.languages")
            if unknown := own.keys() - known:
                raise ConfigurationError(f"{seed.place}: translations.{locale}: unknown key {min(unknown)!r}")
            if "name" in own and "short_name" in known:
                own.setdefault("short_name", SmsLength.cut(own["name"], 25))
            found[locale] = own
        return found

    def _role(self, seed: PlannedSeed, values: Values) -> None:
        if seed.name == ADMINISTRATOR:
            raise ConfigurationError(f"{seed.place}: this role is built in and holds every right")
        role = self._row(Role, Role.key == seed.name) or Role(key=seed.name)
        role.title = values["title"]
        role.translations = self._translations(Role, seed, values)
        names = self._expand(seed, values["permissions"])
        kept = {permission.permission: permission for permission in role.permissions}
        role.permissions = [kept.get(name) or RolePermission(permission=name) for name in names]
        self.session.add(role)

    def _expand(self, seed: PlannedSeed, patterns: Iterable[str]) -> list[str]:
        known = self.work.site.permissions
        owners = {name.partition(":")[0] for name in known}
        names: set[str] = set()
        for pattern in patterns:
            if pattern.endswith("*"):
                names |= {name for name in known if name.startswith(pattern[:-1])}
            elif pattern in known or pattern.partition(":")[0] not in owners:
                names.add(pattern)
            else:
                raise ConfigurationError(f"{seed.place}: unknown permission {pattern!r}")
        return sorted(names)

    def _routing(self, seed: PlannedSeed, values: Values) -> None:
        rule = self._row(RoutingRule, RoutingRule.key == values["key"]) or RoutingRule(key=values["key"])
        rule.position = seed.order["position"]
        rule.title = values["title"]
        rule.kind = values["kind"]
        of_kind = [Category.kind == values["kind"]] if values["kind"] else []
        rule.category_id = self._id(Category, values["category"], *of_kind)
        rule.choice_id = self._choice_id(values["kind"], values["answer"])
        named = {node.name for node in RoutingSeed()}
        rule.facts = {name: value for name, value in values.items() if name not in named}
        rule.unit_id = self._id(Unit, values["unit"]) or 0
        rule.deadline_days = values["deadline_days"]
        self.session.add(rule)

    def _automation(self, seed: PlannedSeed, values: Values) -> None:
        kind = values["kind"]
        of_kind = [Category.kind == kind] if kind else []
        named = ("category", "answer", "unit", "to_unit", "active")
        service, row = self.work.get(AutomationService), self._row(Automation, Automation.key == seed.name)
        to_unit_id = self._id(Unit, values["to_unit"])
        written = {
            **{name: value for name, value in values.items() if name not in named},
            "age": values["age"] if values["trigger"] in AGES else None,
            "category_id": self._id(Category, values["category"], *of_kind),
            "choice_id": self._choice_id(kind, values["answer"]),
            "unit_id": self._id(Unit, values["unit"]),
            "to_unit_id": to_unit_id,
            "to_user_id": row.to_user_id if row and row.to_unit_id == to_unit_id else None,
        }
        # One of a service that is switched off may stay in the file; the check of the site tells of it.
        if kind is None or kind in kinds_of(self.work.site):
            try:
                check_automation(self.work, Automation(**written))
            except colander.Invalid as error:
                raise wrong_table(error, seed.path, seed.key) from error
        if values["active"] is not None or row is None:
            written["active"] = values["active"] is not False
        if row is None:
            service.add({"key": seed.name, **written})
        else:
            service.change(row, written)

    def _choice_id(self, kind: str | None, answer: Mapping[str, str] | None) -> int | None:
        """Return the choice of ``answer = { category = "street_light", question = "danger", choice = "yes" }``."""
        if answer is None:
            return None
        of_kind = [Category.kind == kind] if kind else []
        category_id = self._id(Category, answer["category"], *of_kind)
        of_category = CategoryQuestion.category_id == category_id
        question_id = self._id(CategoryQuestion, answer["question"], of_category)
        return self._id(QuestionChoice, answer["choice"], QuestionChoice.question_id == question_id)

    def _message(self, seed: PlannedSeed, values: Values) -> None:
        texts, key, locale = self.work.get(TextService), seed.name, self.work.site.locale
        # A text of a plugin that is not installed may stay in the file; the check of the site tells of it.
        flaw = texts.flaw(key, values["text"]) if key in self.work.site.messages else None
        if flaw is not None:
            raise ConfigurationError(f"{seed.place}: {say(flaw)}")
        self.session.merge(
            StoredText(key=key, locale=locale, text=values["text"], updated_at=self.work.clock.now())
        )

    def _question(self, seed: PlannedSeed, values: Values) -> None:
        site = self.work.site
        locale = values["language"] or site.locale
        if locale not in {site.locale, *site.languages}:
            raise ConfigurationError(f"{seed.place}: {locale!r} is no language of the site")
        written = {
            "locale": locale,
            "question": values["question"],
            "answer": values["answer"].strip(),
            "active": values["active"],
        }
        help_service, row = self.work.get(HelpService), self._row(HelpQuestion, HelpQuestion.key == seed.name)
        if row is None:
            help_service.add(**written).key = seed.name
        else:
            help_service.change(row, **written)

    def _holiday(self, seed: PlannedSeed, values: Values) -> None:
        day = self.work.site.calendar.parse_date(values["date"])
        own = self._translations(Holiday, seed, values)
        self.session.merge(Holiday(day=day, name=values["title"], translations=own))

    def _office_hours(self, _seed: PlannedSeed, values: Values) -> None:
        opens, closes = CityCalendar.parse_hours(values["hours"])
        ends = values["half_day_end"]
        self.session.merge(
            OfficeHours(
                id=1,
                weekend=sorted(map(WEEKDAYS.index, values["weekend"])),
                half_days=sorted(map(WEEKDAYS.index, values["half_days"])),
                opens=opens,
                closes=closes,
                half_day_ends=time.fromisoformat(ends) if ends else None,
            )
        )

    def _row(self, model: type[Row], *conditions: ColumnElement[bool]) -> Row | None:
        return self.session.scalar(select(model).where(*conditions))

    def _id(self, model: type[Keyed], key: str | None, *conditions: ColumnElement[bool]) -> int | None:
        if key is None:
            return None
        row_id = self.session.scalar(select(model.id).where(model.key == key, *conditions))
        if row_id is None:
            raise KeyError(key)
        return row_id


def _problems(seeds: Iterable[PlannedSeed]) -> list[str]:
    found = list[str]()
    for seed in seeds:
        try:
            seed.validated()
        except ConfigurationError as error:
            found += str(error).splitlines()
    return found
