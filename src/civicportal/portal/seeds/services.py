"""Seeds of the site's files.

They are applied once per key; later changes in the browser persist.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from civicportal.core.settings_values import WEEKDAYS
from civicportal.core.translated import translated_columns
from civicportal.core.work import Service
from civicportal.domain.accounts.models import Role, RolePermission
from civicportal.domain.audit.services import AuditService
from civicportal.domain.automation.models import Automation
from civicportal.domain.automation.services import AutomationService
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.notifications.models import StoredText
from civicportal.domain.notifications.sms import SmsLength
from civicportal.domain.notifications.texts import TextService
from civicportal.domain.organization.models import Category, Holiday, OfficeHours, Seed, Unit
from civicportal.domain.questionnaires.answers import DATATYPES
from civicportal.domain.questionnaires.models import CategoryQuestion, QuestionChoice
from civicportal.portal.help.models import HelpQuestion
from civicportal.portal.help.services import HelpService
from civicportal.util.calendar import CityCalendar
from civicportal.util.errors import ConfigurationError
from civicportal.util.i18n import say
from civicportal.util.toml import read_toml
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.work import Work

Values = Values
RULE_KEYS = frozenset({"key", "position", "title", "kind", "category", "answer", "unit", "deadline_days"})
"""Keys of a routing rule other than facts of the case."""


@dataclass(frozen=True, kw_only=True)
class PlannedSeed:
    """A seed of the files: ``unit:waste`` with its values."""

    key: str
    values: Values

    @property
    def digest(self) -> str:
        """Return a digest of a seed."""
        return hashlib.sha256(
            json.dumps(self.values, sort_keys=True, ensure_ascii=False).encode()
        ).hexdigest()


@dataclass(frozen=True, kw_only=True)
class SeedDifference:
    """A seed that differs from what was applied."""

    key: str
    state: str


class SeedService(Service):
    """Apply and compare the seeds of ``data/*.toml``."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self._apply: dict[str, Callable[[str, Values], None]] = {
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
        """Apply every new seed.

        :returns: their keys.
        """
        known = set(self.session.scalars(select(Seed.key)))
        new = [seed for seed in self.planned() if seed.key not in known]
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

        :raises ConfigurationError: for an unknown key.
        """
        planned = {seed.key: seed for seed in self.planned()}
        for key in keys:
            if key not in planned:
                raise ConfigurationError(f"no file holds the seed {key!r}")
            self._plant(planned[key])
            self.work.get(AuditService).record("site:apply", key=key)

    def planned(self) -> Iterator[PlannedSeed]:
        """Yield the seeds of the files, referenced ones first."""
        for position, unit in enumerate(self._file("units").get("units", [])):
            yield PlannedSeed(key=f"unit:{unit['key']}", values={**unit, "weight": -position})
        yield from self._planned_categories()
        yield from self._planned_questions()
        for key, role in self._file("roles").get("roles", {}).items():
            yield PlannedSeed(key=f"role:{key}", values=role)
        for position, rule in enumerate(self._file("routing").get("routing", [])):
            yield PlannedSeed(key=f"routing:{rule['key']}", values={**rule, "position": position})
        for key, automation in self._file("automations").get("automations", {}).items():
            yield PlannedSeed(key=f"automation:{key}", values=automation)
        for key, text in self._file("messages").get("messages", {}).items():
            yield PlannedSeed(key=f"message:{key}", values={"text": text})
        for key, question in self._file("questions").get("questions", {}).items():
            yield PlannedSeed(key=f"question:{key}", values=question)
        yield PlannedSeed(key="calendar:hours", values=dict(self.work.site.settings["calendar"]))
        for holiday in self._file("calendar").get("holidays", []):
            yield PlannedSeed(key=f"holiday:{holiday['date']}", values=holiday)

    def _planned_categories(self) -> Iterator[PlannedSeed]:
        data = self._file("categories")
        usual = data.get("kind")
        position = 0
        for root in data.get("categories", []):
            kind = root.get("kind", usual)
            if not kind:
                path = self.work.site.data / "categories.toml"
                raise ConfigurationError(f"{path}: category {root['key']!r}: of which kind of case?")
            # The default kind of the file is not part of the key, so that keys of sites with a single kind stay the
            # same.
            prefix = "" if kind == usual else f"{kind}/"
            inherited = {"icon": root.get("icon"), "tint": root.get("tint"), "parent": root["key"]}
            own = {key: value for key, value in root.items() if key != "children"}
            for values in (own, *({**inherited, **child} for child in root.get("children", []))):
                position += 1
                yield PlannedSeed(
                    key=f"category:{prefix}{values['key']}",
                    values={**values, "kind": kind, "weight": -position},
                )

    def _planned_questions(self) -> Iterator[PlannedSeed]:
        data = self._file("category_questions")
        for position, question in enumerate(data.get("questions", [])):
            kind = question.get("kind", data.get("kind"))
            yield PlannedSeed(
                key=f"asked:{kind}/{question['category']}/{question['key']}",
                values={**question, "kind": kind, "weight": -position},
            )

    def _file(self, name: str) -> Values:
        path = self.work.site.data / f"{name}.toml"
        if not path.is_file():
            return {}
        return read_toml(path)

    def _plant(self, seed: PlannedSeed) -> None:
        sort, _, key = seed.key.partition(":")
        try:
            self._apply[sort](key, seed.values)
        except KeyError as error:
            raise ConfigurationError(f"seed {seed.key}: {error} is missing or unknown") from error
        self.session.merge(Seed(key=seed.key, digest=seed.digest))
        self.session.flush()

    def _unit(self, key: str, values: Values) -> None:
        unit = self._row(Unit, Unit.key == key) or Unit(key=key)
        unit.name = values["name"]
        unit.short_name = values.get("short") or SmsLength.cut(values["name"], 25)
        unit.phone = values.get("phone", "")
        unit.weight = values["weight"]
        unit.parent_id = self._id(Unit, values.get("parent"))
        unit.translations = self._translations(Unit, values, key)
        self.session.add(unit)

    def _category(self, _name: str, values: Values) -> None:
        kind, key = values["kind"], values["key"]
        category = self._row(Category, Category.kind == kind, Category.key == key) or Category(
            kind=kind, key=key
        )
        category.name = values["name"]
        category.short_name = values.get("short") or SmsLength.cut(values["name"], 25)
        category.parent_id = self._id(Category, values.get("parent"), Category.kind == kind)
        category.unit_id = self._id(Unit, values.get("unit"))
        category.deadline_days = values.get("days")
        category.icon = values.get("icon") or "dots"
        category.tint = values.get("tint") or ""
        category.hint = values.get("hint", "")
        category.synonyms = values.get("synonyms", [])
        category.public = values.get("public", False)
        category.translations = self._translations(Category, values, key)
        category.weight = values["weight"]
        self.session.add(category)

    def _asked(self, _name: str, values: Values) -> None:
        """Plant a question about cases of a category, with its choices."""
        kind, key, datatype = values["kind"], values["key"], values.get("datatype")
        if datatype is not None and datatype not in DATATYPES:
            raise ConfigurationError(f"question {key!r}: unknown datatype {datatype!r}")
        category_id = self._id(Category, values["category"], Category.kind == kind)
        of_category = CategoryQuestion.category_id == category_id
        question = self._row(CategoryQuestion, of_category, CategoryQuestion.key == key) or CategoryQuestion(
            category_id=category_id, key=key
        )
        question.datatype, question.variable = datatype or "string", datatype is not None
        question.label, question.hint = values["label"], values.get("hint", "")
        question.required, question.public = values.get("required", False), values.get("public", False)
        question.condition_id = self._id(CategoryQuestion, values.get("after"), of_category)
        question.condition_keys = values.get("after_choices", [])
        question.translations = self._translations(CategoryQuestion, values, key)
        question.weight = values["weight"]
        self.session.add(question)
        self.session.flush()
        for position, own in enumerate(values.get("choices", [])):
            of_question = QuestionChoice.question_id == question.id
            choice = self._row(QuestionChoice, of_question, QuestionChoice.key == own["key"])
            choice = choice or QuestionChoice(question_id=question.id, key=own["key"])
            choice.label, choice.stop, choice.weight = own["label"], own.get("stop", ""), -position
            choice.translations = self._translations(QuestionChoice, own, own["key"])
            self.session.add(choice)

    def _translations(self, model: type[object], values: Values, key: str) -> dict[str, Values]:
        """Return the texts of other languages: ``translations.en = { name = "Waste" }``."""
        site, known = self.work.site, {column.key for column in translated_columns(model)}
        names = {"short": "short_name", **({"title": "name"} if model is Holiday else {})}
        found: dict[str, Values] = {}
        for locale, texts in values.get("translations", {}).items():
            own = {names.get(name, name): text for name, text in texts.items()}
            if locale == site.locale or locale not in site.languages:
                raise ConfigurationError(f"{key}: {locale!r} is no further language of site.languages")
            if unknown := own.keys() - known:
                raise ConfigurationError(f"{key}: translations.{locale}: unknown key {min(unknown)!r}")
            if "name" in own and "short_name" in known:
                own.setdefault("short_name", SmsLength.cut(own["name"], 25))
            found[locale] = own
        return found

    def _role(self, key: str, values: Values) -> None:
        role = self._row(Role, Role.key == key) or Role(key=key)
        role.title = values["title"]
        role.translations = self._translations(Role, values, key)
        names = self._expand(key, values["permissions"])
        kept = {permission.permission: permission for permission in role.permissions}
        role.permissions = [kept.get(name) or RolePermission(permission=name) for name in names]
        self.session.add(role)

    def _expand(self, role: str, patterns: Iterable[str]) -> list[str]:
        known = self.work.site.permissions
        owners = {name.partition(":")[0] for name in known}
        names: set[str] = set()
        for pattern in patterns:
            if pattern.endswith("*"):
                names |= {name for name in known if name.startswith(pattern[:-1])}
            elif pattern in known or pattern.partition(":")[0] not in owners:
                names.add(pattern)
            else:
                raise ConfigurationError(f"role {role!r}: unknown permission {pattern!r}")
        return sorted(names)

    def _routing(self, key: str, values: Values) -> None:
        rule = self._row(RoutingRule, RoutingRule.key == key) or RoutingRule(key=key)
        rule.position = values["position"]
        rule.title = values.get("title", "")
        rule.kind = values.get("kind")
        of_kind = [Category.kind == rule.kind] if rule.kind else []
        rule.category_id = self._id(Category, values.get("category"), *of_kind)
        rule.choice_id = self._choice_id(rule.kind, values.get("answer"))
        rule.facts = {name: values[name] for name in values if name not in RULE_KEYS}
        rule.unit_id = self._id(Unit, values["unit"]) or 0
        rule.deadline_days = values.get("deadline_days")
        self.session.add(rule)

    def _automation(self, key: str, values: Values) -> None:
        kind = values.get("kind")
        of_kind = [Category.kind == kind] if kind else []
        named = ("category", "answer", "unit", "to_unit")
        written = {name: value for name, value in values.items() if name not in named}
        written["category_id"] = self._id(Category, values.get("category"), *of_kind)
        written["choice_id"] = self._choice_id(kind, values.get("answer"))
        written["unit_id"] = self._id(Unit, values.get("unit"))
        written["to_unit_id"] = self._id(Unit, values.get("to_unit"))
        service, row = self.work.get(AutomationService), self._row(Automation, Automation.key == key)
        if unknown := written.keys() - Automation.__table__.c.keys():
            raise KeyError(min(unknown))
        if row is None:
            service.add({"key": key, **written})
        else:
            service.change(row, written)

    def _choice_id(self, kind: str | None, answer: Mapping[str, str] | None) -> int | None:
        """Return the choice of ``answer = { category = "street_light", question = "danger", choice = "yes" }``."""
        if answer is None:
            return None
        if not isinstance(answer, Mapping):
            raise ConfigurationError(f"{answer!r} is no answer: name category, question and choice")
        of_kind = [Category.kind == kind] if kind else []
        category_id = self._id(Category, answer["category"], *of_kind)
        of_category = CategoryQuestion.category_id == category_id
        question_id = self._id(CategoryQuestion, answer["question"], of_category)
        return self._id(QuestionChoice, answer["choice"], QuestionChoice.question_id == question_id)

    def _message(self, key: str, values: Values) -> None:
        texts, locale = self.work.get(TextService), self.work.site.locale
        # A text of a plugin that is not installed may stay in the file; the check of the site tells of it.
        flaw = texts.flaw(key, values["text"]) if key in self.work.site.messages else None
        if flaw is not None:
            raise ConfigurationError(f"seed message:{key}: {say(flaw)}")
        self.session.merge(
            StoredText(key=key, locale=locale, text=values["text"], updated_at=self.work.clock.now())
        )

    def _question(self, key: str, values: Values) -> None:
        written = {
            "locale": values.get("language", self.work.site.locale),
            "question": values["question"],
            "answer": values["answer"].strip(),
            "active": values.get("active", True),
        }
        help_service, row = self.work.get(HelpService), self._row(HelpQuestion, HelpQuestion.key == key)
        if row is None:
            help_service.add(**written).key = key
        else:
            help_service.change(row, **written)

    def _holiday(self, key: str, values: Values) -> None:
        day = self.work.site.calendar.parse_date(key)
        own = self._translations(Holiday, values, key)
        self.session.merge(Holiday(day=day, name=values.get("title", ""), translations=own))

    def _office_hours(self, _name: str, values: Values) -> None:
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

    def _row(self, model: Any, *conditions: Any) -> Any:
        return self.session.scalar(select(model).where(*conditions))

    def _id(self, model: Any, key: str | None, *conditions: Any) -> int | None:
        if key is None:
            return None
        row = self._row(model, model.key == key, *conditions)
        if row is None:
            raise KeyError(key)
        return int(row.id)
