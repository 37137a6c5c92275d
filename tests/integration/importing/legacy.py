"""Files of the system «سامانهٔ ۱۳۷» of an invented city, as such systems export them."""

import csv
import io
from pathlib import Path

_FIRST = ("شماره درخواست", "كد پيگيري", "تاریخ ثبت", "ساعت", "موضوع", "شرح درخواست", "آدرس", "عرض جغرافیایی")
HEADERS = (*_FIRST, "طول جغرافیایی", "نام متقاضي", "تلفن همراه", "واحد مسئول", "وضعيت", "تاریخ خاتمه", "پاسخ")

#: One line of each sort; Arabic letters and Persian digits as they were typed.
CASES = (
    (
        "98-1",
        "۱۳۷-۹۸-۰۰۱",
        "1398/02/03",
        "08:15",
        "سطل زباله",
        "سطل زباله‌ی سر كوچه پر است",
        "خيابان آزادي",
        "31.0203",
        "52.015",
        "مريم احمدي",
        "۰۹۱۲۳۴۵۶۷۸۹",
        "پسماند",
        "خاتمه يافته",
        "1398/02/05",
        "تخليه شد",
    ),
    (
        "98-2",
        "۱۳۷-۹۸-۰۰۲",
        "98/02/04",
        "",
        "سطل زباله",
        "مخزن شكسته",
        "",
        "0",
        "0",
        "",
        "",
        "",
        "رد شده",
        "98/02/04",
        "",
    ),
    (
        "98-3",
        "۱۳۷-۹۸-۰۰۳",
        "1398/03/01",
        "22:40",
        "روشنايي",
        "چراغ خاموش است",
        "كوچه بهار",
        "",
        "",
        "علي رضايي",
        "9123456780",
        "روشنايي",
        "در دست اقدام",
        "",
        "",
    ),
    (
        "98-4",
        "۱۳۷-۹۸-۰۰۴",
        "1398/03/02",
        "10:00",
        "روشنايي",
        "تير برق كج شده",
        "",
        "",
        "",
        "مريم احمدي",
        "+989123456789",
        "روشنايي",
        "خاتمه يافته",
        "1398/03/10",
        "اصلاح شد",
    ),
)
HISTORY_HEADERS = ("شماره درخواست", "تاریخ", "وضعیت جدید", "ارجاع به", "شرح اقدام", "کاربر")
HISTORY = (
    ("98-4", "1398/03/03 09:00", "در دست اقدام", "پسماند", "بررسی شد", "کاربر ۱"),
    ("98-4", "1398/03/05 09:00", "", "روشنايي", "مربوط به روشنایی است", "کاربر ۲"),
    ("98-4", "1398/03/10 13:00", "خاتمه يافته", "", "", "کاربر ۳"),
)
MAPPING = """
[source]
name = "سامانهٔ ۱۳۷"

[cases]
kind = "reports"
files = ["requests*"]

[cases.columns]
key = "شماره درخواست"
code = "کد پیگیری"
created = ["تاریخ ثبت", "ساعت"]
closed = "تاریخ خاتمه"
status = "وضعیت"
category = "موضوع"
unit = "واحد مسئول"
mobile = "تلفن همراه"
name = "نام متقاضی"
body = "شرح درخواست"
place = "آدرس"
lat = "عرض جغرافیایی"
lon = "طول جغرافیایی"
answer = "پاسخ"

[cases.values.status]
"خاتمه یافته" = "reviewed"
"رد شده" = "rejected"
"در دست اقدام" = "in_action"

[cases.values.category]
"سطل زباله" = "bin"
"روشنایی" = "lamp"

[cases.values.unit]
"پسماند" = "waste"
"روشنایی" = "lighting"

[history]
files = ["history*"]

[history.columns]
case = "شماره درخواست"
date = "تاریخ"
status = "وضعیت جدید"
unit = "ارجاع به"
note = "شرح اقدام"
actor = "کاربر"
"""


def text_of(headers, rows, delimiter=",") -> str:
    """Return a file as a program writes it."""
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([headers, *rows])
    return file.getvalue()


def write(folder: Path, cases=CASES, history=HISTORY, *, encoding="utf-8-sig", delimiter=",") -> list[Path]:
    """Write the two files; return their paths."""
    folder.mkdir(exist_ok=True)
    files = [folder / "requests.csv", folder / "history.csv"]
    for path, headers, rows in zip(files, (HEADERS, HISTORY_HEADERS), (cases, history), strict=True):
        path.write_text(text_of(headers, rows, delimiter), encoding=encoding)
    return files
