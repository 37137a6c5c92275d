"""The only import surface for plugins and sites. What is listed here keeps its name and meaning within a major version.

The testing kit for plugin authors is :mod:`civicportal.testing`.
"""

from civicportal.access import AccessService, sees_all, visible
from civicportal.accounts.identity import identity_of
from civicportal.accounts.kept import count_submission, fill_kept, forget_kept, keep_form, may_submit
from civicportal.accounts.models import User
from civicportal.accounts.sessions import SessionService
from civicportal.accounts.types import IdentityClaim, Verdict
from civicportal.accounts.verification import identity_facts, own_identity
from civicportal.audit.services import AuditService
from civicportal.calendar import NO_HOLIDAYS, CityCalendar, YearlyHolidays
from civicportal.cases.attachments import AttachmentService, drop_files, store_files
from civicportal.cases.changes import CaseChange
from civicportal.cases.conditions import in_stage, overdue, sent_between, stages_of
from civicportal.cases.conversion import ConversionService, copy_pictures, not_converted
from civicportal.cases.deadlines import promise as promise_deadline
from civicportal.cases.errors import CannotUndo, CaseError, PictureGone, Refused, StaleCase
from civicportal.cases.finding import FindService, SearchFields, search_list
from civicportal.cases.follow_up import FollowUpService
from civicportal.cases.followers import FollowerService
from civicportal.cases.guards import objection_in_time
from civicportal.cases.history import PublicEvent, PublicHistory, public_status
from civicportal.cases.hits import searched_page
from civicportal.cases.identity import IdentityFact
from civicportal.cases.measures import recounted
from civicportal.cases.models import (
    Attachment,
    Case,
    CaseEvent,
    CaseLink,
    Follower,
    Rating,
)
from civicportal.cases.narrowing import (
    NONE,
    CaseFilters,
    FigureFields,
    category_ids,
    has_one_of,
    none_option,
    unit_ids,
)
from civicportal.cases.on_behalf import Caller, NamedCaller, register_for
from civicportal.cases.once import open_once
from civicportal.cases.paging import PAGE_SIZE, SORTS, Page, Rows, Sort, case_page
from civicportal.cases.proofs import fetch_own_or_proved
from civicportal.cases.public_texts import PersonalDataFound, PublicTexts
from civicportal.cases.public_type import PublicString, PublicText
from civicportal.cases.ratings import WINDOW as OBJECTION_WINDOW
from civicportal.cases.ratings import RatingService
from civicportal.cases.schemas import AfterPhoto, ExpertComment, PublicAnswer, Reason, step_values
from civicportal.cases.scope import CaseScope
from civicportal.cases.search import CaseSearch
from civicportal.cases.services import CaseService
from civicportal.cases.sources import SOURCES
from civicportal.cases.steps import Step
from civicportal.cases.submission import case_form
from civicportal.cases.suggestions import SuggestionService
from civicportal.cases.uploads import take_files, upload_owner
from civicportal.cases.views.personal_data import allowed_words, show_found, warn_of_personal_data
from civicportal.cases.workflow import (
    OPEN_STAGES,
    STAGES,
    VERBS,
    CaseKind,
    KnownFact,
    Prefill,
    State,
    Transition,
    UnknownTransition,
    Workflow,
)
from civicportal.checks import Finding
from civicportal.cli.options import load_site
from civicportal.countries import Country, InvalidMobile
from civicportal.countries.personal import PersonalText
from civicportal.dashboard.types import NavigationItem, Panel, Widget
from civicportal.db import NEVER, BigId, UTCDateTime, id_column, new_metadata, tagged
from civicportal.demo import cast as demo_cast
from civicportal.demo.clock import set_time
from civicportal.demo.phones import PhoneMessage, Phones
from civicportal.errors import CivicportalError, ConfigurationError, Conflict, Forbidden, NotFound
from civicportal.exports.cases import CaseRow, CaseSource, case_columns
from civicportal.exports.rows import export_rows
from civicportal.exports.types import Column, Export, Figures, FigureTable, Masked, Offer
from civicportal.forms import (
    BirthDateWidget,
    BoundForm,
    Button,
    CheckboxWidget,
    ChoiceCardsWidget,
    CodeWidget,
    DateWidget,
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
from civicportal.forms.filters import ListAddress
from civicportal.geo import (
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
from civicportal.geo.sql import column_of, row_of
from civicportal.hints import Rare
from civicportal.hookspecs import hookimpl
from civicportal.i18n import _, format_number, localized_digits
from civicportal.jobs import Job
from civicportal.kartable.errors import ReferralError
from civicportal.kartable.models import Referral
from civicportal.kartable.ready_texts import ReadyTextService
from civicportal.kartable.services import KartableService
from civicportal.kartable.types import Route
from civicportal.kartable.undo import UndoService
from civicportal.limits import TooMany
from civicportal.lists import Total, count_rows
from civicportal.notifications.arrivals import Arrival, ArrivalService
from civicportal.notifications.broadcasts import BatchProgress, BroadcastLane
from civicportal.notifications.choices import Choices, ChoiceService, wants
from civicportal.notifications.gate import GateService
from civicportal.notifications.inbound import InboundService, answer_inbound
from civicportal.notifications.notices import NOTICE
from civicportal.notifications.reminders import ReminderService
from civicportal.notifications.services import NotificationService
from civicportal.notifications.sms import SmsLength, cut_units, sms_parts
from civicportal.notifications.types import (
    CannotTell,
    Configuration,
    Message,
    MessageText,
    Permanent,
    Receipt,
    Reply,
    SendError,
    Transient,
    Uncertain,
)
from civicportal.organization.models import Category, Unit
from civicportal.organization.services import OrganizationService, Tree
from civicportal.persian import key, store
from civicportal.personal_data import PersonalDatum
from civicportal.plugins import PluginModels
from civicportal.reach import in_own_counters
from civicportal.schema import (
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
from civicportal.security import (
    CITIZEN,
    EVERYBODY,
    STAFF,
    SYSTEM,
    VISITOR,
    Grant,
    Identity,
    Permission,
)
from civicportal.settings import parse_hours
from civicportal.site import Site
from civicportal.statistics.exact import list_total
from civicportal.statistics.facets import SOURCE as SOURCE_FACET
from civicportal.statistics.facets import unit_facet
from civicportal.statistics.figures import FigureService
from civicportal.statistics.lookup import CounterService
from civicportal.statistics.pages import FiguresPage, figures_page
from civicportal.statistics.periods import Span
from civicportal.statistics.schemas import PeriodFields
from civicportal.statistics.selection import Facet, Subject
from civicportal.statistics.tables import figure_tables
from civicportal.statistics.tallies import Tally
from civicportal.statistics.tally_service import TallyService
from civicportal.storage import FileMissing, process_image, scaled, store_variant
from civicportal.toml_types import FreeTable, Table, boolean, number, string, strings
from civicportal.web.pages import add_pages
from civicportal.web.request import Request
from civicportal.work import Work

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
    "AfterPhoto",
    "Arrival",
    "ArrivalService",
    "Attachment",
    "AttachmentService",
    "AuditService",
    "BatchProgress",
    "BigId",
    "BirthDateWidget",
    "BoundForm",
    "BoundedInt",
    "Bounds",
    "BroadcastLane",
    "Button",
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
    "Category",
    "Cell",
    "CheckboxWidget",
    "Choice",
    "ChoiceCardsWidget",
    "ChoiceService",
    "Choices",
    "CityCalendar",
    "CityDate",
    "CityMap",
    "CivicportalError",
    "CleanText",
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
    "DateWidget",
    "ExpertComment",
    "Export",
    "Facet",
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
    "FreeTable",
    "GateService",
    "Grant",
    "GridBox",
    "HiddenWidget",
    "IdempotencyKey",
    "Identity",
    "IdentityClaim",
    "IdentityFact",
    "InboundService",
    "InvalidMobile",
    "Job",
    "KartableService",
    "Key",
    "KeyList",
    "KnownFact",
    "LegalId",
    "ListAddress",
    "ListOf",
    "MapPointWidget",
    "Masked",
    "Message",
    "MessageText",
    "Mobile",
    "MobileWidget",
    "NamedCaller",
    "NationalCode",
    "NavigationItem",
    "Node",
    "NotFound",
    "NotificationService",
    "NumberWidget",
    "Offer",
    "Option",
    "OrganizationService",
    "Page",
    "Panel",
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
    "PublicAnswer",
    "PublicEvent",
    "PublicHistory",
    "PublicString",
    "PublicText",
    "PublicTexts",
    "RadioWidget",
    "Rare",
    "Rating",
    "RatingService",
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
    "SearchFields",
    "Secret",
    "SelectWidget",
    "SendError",
    "SessionService",
    "Site",
    "SmsLength",
    "Sort",
    "Span",
    "StaleCase",
    "State",
    "Step",
    "StrictSchema",
    "Subject",
    "SuggestionService",
    "SwitchWidget",
    "Table",
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
    "Work",
    "Workflow",
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
