"""Objects of GeoReport v2."""

from collections.abc import Sequence
from datetime import datetime

from civicportal.api.cases import Case
from civicportal.api.organization import Category, OrganizationService
from civicportal.api.submission import QuestionnaireService
from civicportal.api.web import Request
from civicportal_reports.categories import Topic
from civicportal_reports.open311.documents import FORMATS, Item
from civicportal_reports.open311.services import GeoReportService, Row, Update
from civicportal_reports.places import joined
from civicportal_reports.views.public import absolute

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"


class Items:
    """Make the objects of one answer."""

    def __init__(self, request: Request) -> None:
        self.request, self.work = request, request.work
        self.service = request.work.get(GeoReportService)
        self.texts = self.service.texts
        self.organization = request.work.get(OrganizationService)
        self.questionnaires = request.work.get(QuestionnaireService)
        self._asking = self.questionnaires.asking_categories()
        self._answers = self.questionnaires.answers((), public=True)

    def load_extensions(self, cases: Sequence[Case]) -> None:
        """Load what the extensions of requests need, in as many statements for many of them as for one."""
        self.service.load_histories(cases)
        self._answers = self.questionnaires.answers(cases, public=True)

    def request_item(self, row: Row, *, extended: bool = False) -> Item:
        """Return a request, in the order of the specification.

        :param extended: with ``extended_attributes``, ``attributes`` and ``notes``, after :meth:`load_extensions`.
        """
        case, report, photo = row
        category = self.organization.categories.by_id.get(case.category_id or 0)
        item: dict[str, object] = {
            "service_request_id": str(case.id),
            "status": "open" if case.is_open else "closed",
            "status_notes": self.request.translate(self.service.kind.public_status(case.status)),
            "service_name": category.name if category else None,
            "service_code": category.key if category else None,
            "description": str(self.texts.body(case)) or None,
            "agency_responsible": self.organization.unit_name(case.unit_id) or None,
            "service_notice": None,
            "requested_datetime": self.time(case.created_at),
            "updated_datetime": self.time(case.updated_at),
            "expected_datetime": None,
            "address": joined(self.work, report.street, report.district)
            or str(self.texts.place(case))
            or None,
            "address_id": None,
            "zipcode": None,
            "lat": report.lat,
            "long": report.lon,
            "media_url": self._picture(photo) if photo and case.public else None,
        }
        return {**item, **self._extensions(case)} if extended else item

    def _extensions(self, case: Case) -> Item:
        updates = list(self.service.updates_of(case))
        photos = [photo.key for photo in self.service.photos(case)]
        return {
            "extended_attributes": {"photos": [{"media_url": self._picture(key)} for key in photos]},
            "attributes": [
                {
                    "code": answer.question.key,
                    "label": answer.label,
                    "value": _keys(answer.value) or answer.words,
                    "name": answer.words,
                }
                for answer in self._answers[case.id]
            ],
            "notes": [
                {
                    "datetime": self.time(update.at),
                    "description": update.text or None,
                    "type": update.state,
                }
                for update in reversed(updates)
            ],
        }

    def update_item(self, update: Update) -> Item:
        """Return an update."""
        return {
            "update_id": str(update.id),
            "service_request_id": str(update.case.id),
            "status": update.state,
            "updated_datetime": self.time(update.at),
            "description": update.text or None,
            "media_url": self._picture(update.photos[0]) if update.photos else None,
        }

    def service_item(self, topic: Topic, leaf: Category) -> Item:
        """Return a service: a category that a new report may have."""
        return {
            "service_code": leaf.key,
            "service_name": leaf.name,
            "description": leaf.hint or None,
            "metadata": leaf.id in self._asking,
            "type": "realtime",
            "keywords": ",".join(word.replace(",", " ") for word in leaf.synonyms) or None,
            "group": None if topic.is_leaf else topic.root.name,
        }

    def definition(self, category: Category) -> Item:
        """Return the questions of a category.

        The standard has no conditions: what depends on another answer is not required here, and checked with the request.
        """
        questions = self.questionnaires.questions(category.id)
        return {
            "service_code": category.key,
            "attributes": [
                {
                    "variable": question.variable,
                    "code": question.key,
                    "datatype": question.datatype,
                    "required": question.required and not question.after,
                    "datatype_description": question.hint or None,
                    "order": order,
                    "description": question.label,
                    "values": [{"key": choice.key, "name": choice.label} for choice in question.offered],
                }
                for order, question in enumerate(questions, 1)
            ],
        }

    def discovery(self) -> Item:
        """Return where the services are.

        The changeset is the time of the last change of categories, questions or other reference data.
        """
        branding = self.request.site.branding_in(self.request.locale_name)
        contact: Sequence[str] = [branding.name, branding.phone, branding.address]
        hour = self.work.clock.now().replace(minute=0, second=0, microsecond=0)
        changeset = self.time(self.work.reference_changed_at or hour)
        return {
            "changeset": changeset,
            "contact": joined(self.work, *contact),
            "key_service": absolute(self.request, "/account/tokens"),
            "endpoints": [
                {
                    "specification": SPECIFICATION,
                    "url": absolute(self.request, "/open311/v2"),
                    "changeset": changeset,
                    "type": "test" if self.request.site.is_demo else "production",
                    "formats": [*FORMATS.values()],
                }
            ],
        }

    def time(self, moment: datetime) -> str:
        """Return a time in whole seconds, with the offset of the city."""
        return moment.astimezone(self.request.site.timezone).isoformat(timespec="seconds")

    def _picture(self, key: str) -> str:
        return absolute(self.request, self.request.route_path("attachment", key=key))


def _keys(value: object) -> str:
    """Return the keys of the choices of an answer with commas; empty for an answer without choices."""
    return value if isinstance(value, str) else ",".join(value) if isinstance(value, (list, tuple)) else ""
