"""The fields of an import, and the names that other systems give them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ImportField:
    """A field.

    :ivar headers: names of columns that probably hold it.
    :ivar required: it must be mapped or have a default.
    :ivar personal: its values are masked in reports.
    """

    headers: tuple[str, ...] = ()
    required: bool = False
    personal: bool = False


ENTITIES = ("units", "categories", "staff", "people", "cases", "history")
"""In the order in which they are imported; "history" belongs to the cases."""

_KEY = ("id", "key", "شناسه", "ردیف", "شماره")
_NAME = ("name", "نام", "نام و نام خانوادگی", "نام کامل", "نام متقاضی", "نام شهروند", "متقاضی", "شاکی")
_MOBILE = ("mobile", "phone", "tel", "موبایل", "تلفن همراه", "شماره همراه", "شماره موبایل", "همراه", "تلفن")
_UNIT = (
    "unit",
    "department",
    "واحد",
    "اداره",
    "معاونت",
    "منطقه",
    "واحد مسئول",
    "واحد رسیدگی‌کننده",
    "واحد اقدام",
)
_TEXT = ("text", "answer", "response", "پاسخ", "نتیجه", "شرح اقدام", "متن پاسخ", "توضیحات")

FIELDS: Mapping[str, Mapping[str, ImportField]] = {
    "units": {
        "key": ImportField(("key", "code", "کد", "کد واحد", *_KEY), required=True),
        "name": ImportField(("name", "title", "نام", "عنوان", "نام واحد"), required=True),
        "short_name": ImportField(("short name", "نام کوتاه")),
        "parent": ImportField(("parent", "واحد بالادست", "والد", "زیرمجموعه")),
        "phone": ImportField(("phone", "تلفن")),
    },
    "categories": {
        "key": ImportField(("key", "code", "کد", "کد موضوع", *_KEY), required=True),
        "name": ImportField(("name", "title", "نام", "عنوان", "موضوع"), required=True),
        "short_name": ImportField(("short name", "نام کوتاه")),
        "parent": ImportField(("parent", "والد", "موضوع اصلی", "گروه")),
        "unit": ImportField(_UNIT),
        "days": ImportField(("days", "deadline", "مهلت", "مهلت (روز)")),
    },
    "staff": {
        "username": ImportField(("username", "user name", "نام کاربری"), required=True),
        "name": ImportField((*_NAME, "نام پرسنل"), required=True, personal=True),
        "mobile": ImportField(_MOBILE, required=True, personal=True),
        "role": ImportField(("role", "نقش", "سمت"), required=True),
        "unit": ImportField(_UNIT),
    },
    "people": {
        "mobile": ImportField(_MOBILE, required=True, personal=True),
        "name": ImportField(_NAME, personal=True),
    },
    "cases": {
        "key": ImportField(("شماره درخواست", "شماره پرونده", "request id", *_KEY), required=True),
        "code": ImportField(
            ("tracking code", "code", "کد رهگیری", "کد پیگیری", "شماره پیگیری", "شماره رهگیری")
        ),
        "created": ImportField(
            ("created", "created at", "date", "تاریخ ثبت", "تاریخ", "زمان ثبت", "تاریخ درخواست"),
            required=True,
        ),
        "closed": ImportField(
            ("closed", "closed at", "تاریخ خاتمه", "تاریخ بستن", "تاریخ پایان", "تاریخ پاسخ")
        ),
        "deadline": ImportField(("deadline", "due", "مهلت", "مهلت پاسخ")),
        "status": ImportField(("status", "state", "وضعیت", "آخرین وضعیت"), required=True),
        "category": ImportField(("category", "subject", "موضوع", "نوع درخواست", "گروه", "دسته", "دسته‌بندی")),
        "unit": ImportField(_UNIT),
        "mobile": ImportField(_MOBILE, personal=True),
        "name": ImportField(_NAME, personal=True),
        "subject": ImportField(("title", "عنوان")),
        "body": ImportField(
            ("body", "description", "شرح", "شرح درخواست", "متن", "متن درخواست"), personal=True
        ),
        "place": ImportField(("address", "place", "نشانی", "آدرس", "محل"), personal=True),
        "urgent": ImportField(("urgent", "فوری", "فوریت")),
        "channel": ImportField(("channel", "source", "کانال", "نحوه ثبت", "روش ثبت")),
        "answer": ImportField(_TEXT, personal=True),
        "attachments": ImportField(("attachments", "photo", "photos", "پیوست", "پیوست‌ها", "عکس", "تصویر")),
        "history": ImportField(("history", "events", "سوابق")),
    },
    "history": {
        "case": ImportField(("case", "request id", "شماره درخواست", "شماره پرونده"), required=True),
        "date": ImportField(("date", "at", "تاریخ", "تاریخ اقدام", "زمان"), required=True),
        "status": ImportField(("status", "وضعیت", "وضعیت جدید")),
        "unit": ImportField(("to", "ارجاع به", "گیرنده", *_UNIT)),
        "text": ImportField(("answer", "پاسخ", "متن پاسخ"), personal=True),
        "note": ImportField(("note", "یادداشت", "شرح اقدام", "شرح", "توضیحات"), personal=True),
        "actor": ImportField(("actor", "user", "کاربر", "اقدام‌کننده", "کارشناس"), personal=True),
    },
}

CHOSEN: Mapping[str, tuple[str, ...]] = {
    "units": (),
    "categories": ("unit",),
    "staff": ("role", "unit"),
    "people": (),
    "cases": ("status", "category", "unit", "channel"),
    "history": ("status", "unit"),
}
"""Fields whose texts mean something of the portal."""

OPTIONS: Mapping[str, tuple[str, ...]] = {
    "unattended": ("reject", "list"),
    "bad_mobile": ("reject", "drop"),
    "missing_attachment": ("reject", "warn"),
}
"""Options of the table of cases, the default first: an open case that no one would work on is rejected or goes to the
list of unattended cases; a wrong mobile rejects the line or is left out; so does a missing picture.
"""
