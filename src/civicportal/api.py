"""The public API for plugins and sites. Names listed here are stable within a major version.

The testing kit for plugin authors is :mod:`civicportal.testing`.
"""

from civicportal.cli.options import load_site
from civicportal.core.branding.values import Face
from civicportal.core.checks import Finding
from civicportal.core.clock import Clock
from civicportal.core.db import NEVER, BigId, UTCDateTime, id_column, new_metadata, tagged
from civicportal.core.jobs import Job, JobLane
from civicportal.core.limits import TooMany
from civicportal.core.messages import (
    CannotTell,
    Configuration,
    Lane,
    Message,
    MessageText,
    Permanent,
    Receipt,
    Reply,
    SendError,
    Transient,
    Uncertain,
)
from civicportal.core.plugins import PluginModels, hookimpl
from civicportal.core.security import (
    CITIZEN,
    EVERYBODY,
    STAFF,
    SYSTEM,
    VISITOR,
    Door,
    Grant,
    Identity,
    Permission,
    Scope,
)
from civicportal.core.settings import parse_hours
from civicportal.core.site import Site
from civicportal.core.storage import FileMissing, ProcessedImage, process_image, scaled, store_variant
from civicportal.core.work import Service, Work
from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.identity_levels import IdentityFact
from civicportal.domain.accounts.kept import count_submission, fill_kept, forget_kept, keep_form, may_submit
from civicportal.domain.accounts.models import Membership, User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.accounts.types import IdentityClaim, Verdict
from civicportal.domain.accounts.verification import identity_facts, own_identity
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.access.reach import in_own_counters
from civicportal.domain.cases.access.rights import AccessService, sees_all, visible
from civicportal.domain.cases.attachments import AttachmentService, drop_files, store_files
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.conditions import in_stage, overdue, sent_between, stages_of
from civicportal.domain.cases.conversion import ConversionService, copy_pictures, not_converted
from civicportal.domain.cases.deadlines import promise as promise_deadline
from civicportal.domain.cases.errors import CannotUndo, CaseError, PictureGone, Refused, StaleCase
from civicportal.domain.cases.finding import FindService, Found, SearchFields, search_list
from civicportal.domain.cases.follow_up import CaseSummary, FollowUpService
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.guards import objection_in_time
from civicportal.domain.cases.history import PublicEvent, PublicHistory, public_status
from civicportal.domain.cases.hits import searched_page
from civicportal.domain.cases.kinds import kind_of, kinds_of
from civicportal.domain.cases.links import LinkedCase, LinkService
from civicportal.domain.cases.measures import recounted
from civicportal.domain.cases.models import Attachment, Case, CaseEvent, CaseLink, Follower, Rating
from civicportal.domain.cases.narrowing import (
    NONE,
    CaseFilters,
    FigureFields,
    category_ids,
    has_one_of,
    none_option,
    unit_ids,
)
from civicportal.domain.cases.on_behalf import Caller, NamedCaller, register_for
from civicportal.domain.cases.once import open_once
from civicportal.domain.cases.paging import PAGE_SIZE, SORTS, Page, Rows, Sort, case_page
from civicportal.domain.cases.proofs import fetch_own_or_proved
from civicportal.domain.cases.public_texts import PersonalDataFound, PublicTexts
from civicportal.domain.cases.public_type import PublicString, PublicText
from civicportal.domain.cases.ratings import WINDOW as OBJECTION_WINDOW
from civicportal.domain.cases.ratings import RatingService, RatingSummary, Standing
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.schemas import AfterPhoto, ExpertComment, PublicAnswer, Reason, step_values
from civicportal.domain.cases.scope import CaseScope
from civicportal.domain.cases.search import CaseSearch
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.sources import SOURCES
from civicportal.domain.cases.steps import Step
from civicportal.domain.cases.submission import FormValues, case_form
from civicportal.domain.cases.suggestions import SuggestionService
from civicportal.domain.cases.tallies import Tally
from civicportal.domain.cases.uploads import take_files, upload_owner
from civicportal.domain.cases.views.personal_data import allowed_words, show_found, warn_of_personal_data
from civicportal.domain.cases.workflow import (
    OPEN_STAGES,
    STAGES,
    VERBS,
    Actor,
    CaseKind,
    Guard,
    KnownFact,
    LinkKind,
    Prefill,
    Stage,
    State,
    Transition,
    UnknownTransition,
    Workflow,
)
from civicportal.domain.exports.cases import CaseRow, CaseSource, case_columns
from civicportal.domain.exports.rows import export_rows
from civicportal.domain.exports.types import Column, Export, Figures, FigureTable, Masked, Offer
from civicportal.domain.kartable.errors import ReferralError
from civicportal.domain.kartable.models import ReadyText
from civicportal.domain.kartable.ready_texts import ReadyTextService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.types import Route
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.notifications.arrivals import Arrival, ArrivalService
from civicportal.domain.notifications.broadcasts import BatchProgress, BroadcastLane
from civicportal.domain.notifications.choices import Choices, ChoiceService, wants
from civicportal.domain.notifications.gate import GateService
from civicportal.domain.notifications.inbound import InboundService, answer_inbound
from civicportal.domain.notifications.models import InboundMessage, OutboxMessage
from civicportal.domain.notifications.notices import NOTICE
from civicportal.domain.notifications.phones import PhoneMessage, Phones
from civicportal.domain.notifications.reminders import ReminderService
from civicportal.domain.notifications.services import NotificationService, Preview
from civicportal.domain.notifications.sms import SmsLength, cut_units, sms_parts
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.organization.services import OrganizationService, Tree
from civicportal.domain.statistics.exact import list_total
from civicportal.domain.statistics.facets import SOURCE as SOURCE_FACET
from civicportal.domain.statistics.facets import unit_facet
from civicportal.domain.statistics.figures import FigureService
from civicportal.domain.statistics.lookup import CounterService
from civicportal.domain.statistics.pages import FiguresPage, figures_page
from civicportal.domain.statistics.periods import Span
from civicportal.domain.statistics.schemas import PeriodFields
from civicportal.domain.statistics.selection import Facet, Subject
from civicportal.domain.statistics.tables import figure_tables
from civicportal.domain.statistics.tally_service import TallyService
from civicportal.portal.demo import cast as demo_cast
from civicportal.portal.demo.clock import set_time
from civicportal.portal.demo.runner import Progress
from civicportal.util.calendar import NO_HOLIDAYS, CityCalendar, YearlyHolidays
from civicportal.util.calendar.dates import CalendarKind, YearMonthDay
from civicportal.util.calendar.formats import DateStyle
from civicportal.util.countries import Country, InvalidMobile
from civicportal.util.countries.personal import PersonalText
from civicportal.util.errors import CivicportalError, ConfigurationError, Conflict, Forbidden, NotFound
from civicportal.util.geo import (
    Bounds,
    Cell,
    CityMap,
    Cluster,
    GridBox,
    Point,
    bounding_box,
    clusters,
    distance_m,
    render_overview,
    render_svg,
    shade_of,
    shade_scale,
)
from civicportal.util.geo.city_map import MapFeature
from civicportal.util.geo.sql import column_of, row_of
from civicportal.util.i18n import _, format_number, localized_digits
from civicportal.util.lists import Total, count_rows
from civicportal.util.persian import key, store
from civicportal.util.personal_data import PersonalDatum
from civicportal.util.toml_types import FreeTable, Table, boolean, number, string, strings
from civicportal.web.forms import (
    BirthDateWidget,
    BoundField,
    BoundForm,
    Button,
    CheckboxWidget,
    ChoiceCardsWidget,
    CodeWidget,
    DateWidget,
    FieldError,
    FileRefused,
    FormInvalid,
    HiddenWidget,
    MapPointWidget,
    MobileWidget,
    NumberWidget,
    PhotosWidget,
    RadioWidget,
    SelectWidget,
    SwitchWidget,
    TextAreaWidget,
    TextWidget,
    handle_form,
    optional_choice,
)
from civicportal.web.forms.filters import Chip, ListAddress
from civicportal.web.forms.parts import TakeFiles
from civicportal.web.items import (
    NavigationArea,
    NavigationItem,
    NavigationSection,
    Panel,
    PanelArea,
    Widget,
    WidgetArea,
)
from civicportal.web.pages import add_pages
from civicportal.web.request import Request
from civicportal.web.schema import (
    BoundedInt,
    Choice,
    CityDate,
    CleanText,
    ClockTime,
    Code,
    FiniteFloat,
    Flag,
    IdempotencyKey,
    Key,
    KeyList,
    LegalId,
    ListOf,
    Mobile,
    NationalCode,
    Node,
    Option,
    Password,
    Place,
    RowId,
    Secret,
    StrictSchema,
    TrackingCode,
    new_key,
    whole_number,
)

__all__ = [
    "CITIZEN",
    "EVERYBODY",
    "NEVER",
    "NONE",
    "NOTICE",
    "NO_HOLIDAYS",
    "OBJECTION_WINDOW",
    "OPEN_STAGES",
    "PAGE_SIZE",
    "SORTS",
    "SOURCES",
    "SOURCE_FACET",
    "STAFF",
    "STAGES",
    "SYSTEM",
    "VERBS",
    "VISITOR",
    "AccessService",
    "Actor",
    "AfterPhoto",
    "Arrival",
    "ArrivalService",
    "Attachment",
    "AttachmentService",
    "AuditService",
    "BatchProgress",
    "BigId",
    "BirthDateWidget",
    "BoundField",
    "BoundForm",
    "BoundedInt",
    "Bounds",
    "BroadcastLane",
    "Button",
    "CalendarKind",
    "Caller",
    "CannotTell",
    "CannotUndo",
    "Case",
    "CaseChange",
    "CaseError",
    "CaseEvent",
    "CaseFilters",
    "CaseKind",
    "CaseLink",
    "CaseRow",
    "CaseScope",
    "CaseSearch",
    "CaseService",
    "CaseSource",
    "CaseSummary",
    "Category",
    "Cell",
    "CheckboxWidget",
    "Chip",
    "Choice",
    "ChoiceCardsWidget",
    "ChoiceService",
    "Choices",
    "CityCalendar",
    "CityDate",
    "CityMap",
    "CivicportalError",
    "CleanText",
    "Clock",
    "ClockTime",
    "Cluster",
    "Code",
    "CodeWidget",
    "Column",
    "Configuration",
    "ConfigurationError",
    "Conflict",
    "ConversionService",
    "CounterService",
    "Country",
    "DateStyle",
    "DateWidget",
    "Door",
    "ExpertComment",
    "Export",
    "Face",
    "Facet",
    "FieldError",
    "FigureFields",
    "FigureService",
    "FigureTable",
    "Figures",
    "FiguresPage",
    "FileMissing",
    "FileRefused",
    "FindService",
    "Finding",
    "FiniteFloat",
    "Flag",
    "FollowUpService",
    "Follower",
    "FollowerService",
    "Forbidden",
    "FormInvalid",
    "FormValues",
    "Found",
    "FreeTable",
    "GateService",
    "Grant",
    "GridBox",
    "Guard",
    "HiddenWidget",
    "IdempotencyKey",
    "Identity",
    "IdentityClaim",
    "IdentityFact",
    "InboundMessage",
    "InboundService",
    "InvalidMobile",
    "Job",
    "JobLane",
    "KartableService",
    "Key",
    "KeyList",
    "KnownFact",
    "Lane",
    "LegalId",
    "LinkKind",
    "LinkService",
    "LinkedCase",
    "ListAddress",
    "ListOf",
    "MapFeature",
    "MapPointWidget",
    "Masked",
    "Membership",
    "Message",
    "MessageText",
    "Mobile",
    "MobileWidget",
    "NamedCaller",
    "NationalCode",
    "NavigationArea",
    "NavigationItem",
    "NavigationSection",
    "Node",
    "NotFound",
    "NotificationService",
    "NumberWidget",
    "Offer",
    "Option",
    "OrganizationService",
    "OutboxMessage",
    "Page",
    "Panel",
    "PanelArea",
    "Password",
    "PeriodFields",
    "Permanent",
    "Permission",
    "PersonalDataFound",
    "PersonalDatum",
    "PersonalText",
    "PhoneMessage",
    "Phones",
    "PhotosWidget",
    "PictureGone",
    "Place",
    "PluginModels",
    "Point",
    "Prefill",
    "Preview",
    "ProcessedImage",
    "Progress",
    "PublicAnswer",
    "PublicEvent",
    "PublicHistory",
    "PublicString",
    "PublicText",
    "PublicTexts",
    "RadioWidget",
    "Rating",
    "RatingService",
    "RatingSummary",
    "ReadyText",
    "ReadyTextService",
    "Reason",
    "Receipt",
    "Referral",
    "ReferralError",
    "Refused",
    "ReminderService",
    "Reply",
    "Request",
    "Route",
    "RowId",
    "Rows",
    "Scope",
    "SearchFields",
    "Secret",
    "SelectWidget",
    "SendError",
    "Service",
    "SessionService",
    "Site",
    "SmsLength",
    "Sort",
    "Span",
    "Stage",
    "StaleCase",
    "Standing",
    "State",
    "Step",
    "StrictSchema",
    "Subject",
    "SuggestionService",
    "SwitchWidget",
    "Table",
    "TakeFiles",
    "Tally",
    "TallyService",
    "TextAreaWidget",
    "TextWidget",
    "TooMany",
    "Total",
    "TrackingCode",
    "Transient",
    "Transition",
    "Tree",
    "UTCDateTime",
    "Uncertain",
    "UndoService",
    "Unit",
    "UnknownTransition",
    "User",
    "Verdict",
    "Widget",
    "WidgetArea",
    "Work",
    "Workflow",
    "YearMonthDay",
    "YearlyHolidays",
    "_",
    "add_pages",
    "allowed_words",
    "answer_inbound",
    "boolean",
    "bounding_box",
    "case_columns",
    "case_form",
    "case_page",
    "category_ids",
    "clusters",
    "column_of",
    "copy_pictures",
    "count_rows",
    "count_submission",
    "cut_units",
    "demo_cast",
    "distance_m",
    "drop_files",
    "export_rows",
    "fetch_own_or_proved",
    "figure_tables",
    "figures_page",
    "fill_kept",
    "forget_kept",
    "format_number",
    "handle_form",
    "has_one_of",
    "hookimpl",
    "id_column",
    "identity_facts",
    "identity_of",
    "in_own_counters",
    "in_stage",
    "keep_form",
    "key",
    "kind_of",
    "kinds_of",
    "list_total",
    "load_site",
    "localized_digits",
    "may_submit",
    "new_key",
    "new_metadata",
    "none_option",
    "not_converted",
    "number",
    "objection_in_time",
    "open_once",
    "optional_choice",
    "overdue",
    "own_identity",
    "parse_hours",
    "process_image",
    "promise_deadline",
    "public_status",
    "recounted",
    "register_for",
    "render_overview",
    "render_svg",
    "row_of",
    "scaled",
    "search_list",
    "searched_page",
    "sees_all",
    "sent_between",
    "set_time",
    "shade_of",
    "shade_scale",
    "show_found",
    "sms_parts",
    "stages_of",
    "step_values",
    "store",
    "store_files",
    "store_variant",
    "string",
    "strings",
    "tagged",
    "take_files",
    "unit_facet",
    "unit_ids",
    "upload_owner",
    "visible",
    "wants",
    "warn_of_personal_data",
    "whole_number",
]
