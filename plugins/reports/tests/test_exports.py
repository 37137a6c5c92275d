"""Export of the list: its content equals the list, and who may download it."""

import csv
from datetime import datetime
from io import BytesIO, StringIO
from urllib.parse import quote, unquote

import pytest
from civicportal_reports.search import Filters, ReportSearch
from openpyxl import load_workbook

from civicportal.api.cases import CaseService
from civicportal.testing import UndoService, export_rows, identity, make_staff

LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")
DANGEROUS = "=1+1 را بزنید تا برنده شوید"


class Office:
    """The desk of an officer in the browser."""

    def __init__(self, app):
        self.app = app

    def take(self, name="reports.list", query="", *, status=200, columns=(), **form):
        token = self.app.get("/account").html.find("input", {"name": "csrf_token"})["value"]
        fields = {"format": "csv", "csrf_token": token, **form}
        fields = [*fields.items(), *(("columns", column) for column in columns)]
        return self.app.post(f"/exports/{name}{query}", fields, status=status)


@pytest.fixture
def office(city, app, sign_in):
    sign_in(city.officer)
    return Office(app)


@pytest.fixture
def several(city, clock):
    codes = [city.send(), city.send("sidewalk", by=city.other, point=city.other_district, body=DANGEROUS)]
    clock.advance(minutes=3)
    codes.append(city.send(urgent=True))
    city.step(codes[1], "close", public_text="ترمیم شد.")
    city.send("bin")
    return codes


def lines(answer):
    """The rows of a CSV file, its byte order mark taken off."""
    return list(csv.DictReader(StringIO(answer.body.decode("utf-8-sig"), newline="")))


def sheet(answer):
    book = load_workbook(BytesIO(answer.body))
    return book, book.worksheets[0]


def codes_of(answer):
    return [line["کد رهگیری"] for line in lines(answer)]


class TestAccess:
    def test_is_for_those_who_may_take_reports_along(self, city, app, sign_in, several):
        app.get("/exports/reports.list", status=303)
        sign_in(city.citizen)
        Office(app).take(status=403)
        with city.site.work() as work:
            reader = identity(work, make_staff(work, "reader", permissions=["reports:case:view"]))
        sign_in(reader)
        assert "exports/reports.list" not in app.get("/desk/reports").text
        app.get("/exports/reports.list", status=404)
        app.get("/exports/reports.list/print", status=404)
        Office(app).take(status=404)
        sign_in(city.officer)
        assert "exports/reports.list" in app.get("/desk/reports").text


class TestRows:
    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("", [2, 1, 0]),
            ("?stage=open", [2, 0]),
            ("?category=sidewalk", [1]),
            (f"?district={quote('منطقهٔ دو')}", [1]),
            ("?urgent=true", [2]),
            ("?stage=rejected", []),
            ("?citizen=0", []),
            ("?cursor=nonsense&sort=nonsense", [2, 1, 0]),
        ],
    )
    def test_are_those_of_the_list_the_newest_first(self, city, office, several, query, wanted):
        codes = [several[place] for place in wanted]
        assert codes_of(office.take(query=query)) == codes
        numbers = [line["service_request_id"] for line in lines(office.take("reports.georeport", query))]
        assert numbers == [str(city.case(code).id) for code in codes]

    @pytest.mark.parametrize("sort", ["newest", "deadline", "updated"])
    def test_stand_in_the_order_of_the_page(self, city, office, several, sort):
        with city.site.work(write=False) as work:
            page = work.get(ReportSearch).page(Filters(), sort=sort)
            shown = [row[0].code for row in page.rows if row[0].code in several]
        answer = office.take(query=f"?sort={sort}")
        assert [code for code in codes_of(answer) if code in several] == shown
        book, _sheet = sheet(office.take(query=f"?sort={sort}", format="xlsx"))
        said = [row[0] for row in book.worksheets[-1].iter_rows(values_only=True)]
        assert "مرتب‌سازی" in " ".join(map(str, said))

    def test_are_found_by_a_plain_call_too(self, city, several):
        filters = {"stage": "open"}
        rows = list(export_rows(city.site, city.officer, "reports.list", filters, ["code", "status"]))
        with city.site.work(actor=city.officer, write=False) as work:
            listed = work.get(ReportSearch).page(Filters(stage="open")).rows
        assert [row["code"] for row in rows] == [case.code for case, _report in listed]
        assert set(rows[0]) == {"code", "status"}

    def test_come_in_batches_without_a_gap_and_none_twice(self, city, clock, monkeypatch):
        usual = {"size": 2, "most": None, "patience": 5}
        monkeypatch.setattr("civicportal.domain.exports.rows.batches.__kwdefaults__", usual)
        codes = [city.send() for _ in range(3)]
        clock.advance(minutes=1)
        codes += [city.send(by=city.other) for _ in range(4)]
        found = export_rows(city.site, city.officer, "reports.list", {}, ["code"])
        assert [row["code"] for row in found] == codes[::-1]


class TestComma:
    def test_begins_with_the_mark_and_holds_no_formula(self, office, several):
        answer = office.take(columns=["code", "body"])
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        plain, _semicolon, said = answer.headers["Content-Disposition"].rpartition("; ")
        assert plain.startswith('attachment; filename="reports.list-14')
        assert unquote(said).startswith("filename*=UTF-8''گزارش های شهری-14")
        assert answer.body.startswith(b"\xef\xbb\xbf")
        assert [line["متن پرونده"] for line in lines(answer)][1] == f"'{DANGEROUS}"

    def test_a_moment_stands_in_both_calendars(self, office, several):
        [line] = lines(office.take(query="?category=sidewalk", columns=["created"]))
        written, reckoned = line.values()
        assert written.startswith("14")
        assert datetime.fromisoformat(reckoned).year > 2000


class TestSheet:
    def test_is_a_persian_table_of_real_numbers_and_dates(self, city, office, several):
        book, page = sheet(office.take(format="xlsx", columns=["code", "body", "urgent", "created", "lat"]))
        assert page.sheet_view.rightToLeft
        assert page.freeze_panes == "A2"
        assert page.auto_filter.ref == "A1:F4"
        assert page.column_dimensions["B"].width > 20
        heads, newest, dangerous, _oldest = page.iter_rows(values_only=True)
        assert heads[0] == "کد رهگیری"
        assert newest[0] == several[2]
        assert newest[2] == "بله"
        assert newest[3].startswith("14")
        assert isinstance(newest[4], datetime)
        assert newest[5] == city.street.lat
        assert dangerous[1] == DANGEROUS
        cell = page["B3"]
        assert (cell.data_type, cell.quotePrefix) == ("s", True)
        about = dict(row[:2] for row in book.worksheets[1].iter_rows(values_only=True))
        assert about["گیرندهٔ خروجی"] == city.officer.name
        assert about["تعداد سطرها"] == 3

    def test_says_what_narrows_it(self, office, several):
        book, _page = sheet(office.take(query="?stage=open&urgent=true", format="xlsx"))
        about = dict(row[:2] for row in book.worksheets[1].iter_rows(values_only=True))
        assert about["مرحله"] == "باز"
        assert about["فقط فوری‌ها"] == "بله"


class TestPeople:
    def test_stand_in_no_file_unasked(self, office, several):
        answer = office.take()
        assert "مریم" not in answer.text
        assert not any(
            "0001" in value for line in lines(answer) for head, value in line.items() if head != "کد رهگیری"
        )

    def test_numbers_are_masked_as_on_the_screen(self, office, several):
        [line, *_] = lines(office.take(query="?category=sidewalk", columns=["citizen", "mobile"]))
        name, mobile = line.values()
        assert name == "علی کریمی"
        assert "*" in mobile
        assert "0000" not in mobile

    def test_are_unknown_without_the_right(self, city, app, sign_in, several):
        rights = ["reports:case:view", "reports:case:export"]
        with city.site.work() as work:
            person = identity(work, make_staff(work, "taker", permissions=rights))
        sign_in(person)
        rows = lines(Office(app).take(columns=["code", "citizen", "mobile"], full="true"))
        assert len(rows) == 4
        assert {value for row in rows for name, value in row.items() if name != "کد رهگیری"} == {""}

    def test_a_number_in_full_is_on_the_record_of_each_citizen(self, city, office, app, sign_in, several):
        rows = lines(office.take(query="?category=sidewalk", columns=["mobile"], full="true"))
        assert [list(row.values()) for row in rows] == [["'+989000000002"]]
        sign_in(city.other)
        assert "شمارهٔ تلفن همراه شما را دید" in app.get("/account/access").text
        sign_in(city.citizen)
        assert "شمارهٔ تلفن همراه شما را دید" not in app.get("/account/access").text

    def test_numbers_in_full_are_for_short_lists(self, office, several, monkeypatch):
        monkeypatch.setattr("civicportal.domain.exports.views.choose.MOST_IN_FULL", 2)
        office.take(columns=["mobile"], full="true", status=422)
        office.take(columns=["mobile"])


class TestForm:
    def test_offers_columns_and_kinds_of_file(self, office, several):
        page = office.app.get("/exports/reports.list?stage=open")
        assert "۲ سطر" in page.text
        form = next(form for form in page.forms.values() if "columns" in form.fields)
        answer = form.submit()
        _book, table = sheet(answer)
        assert table.max_row == 3

    @pytest.mark.parametrize("form", [{"format": "pdf"}, {"columns": ["password_hash"]}, {"format": ""}])
    def test_refuses_what_it_does_not_offer(self, office, several, form):
        office.take(status=422, **form)

    def test_a_date_that_cannot_be_read_does_not_widen_the_file(self, office, several):
        answer = office.take(query="?first_day=1405/13/45", status=303)
        assert answer.location.endswith("/desk/reports?first_day=1405%2F13%2F45")

    def test_a_choice_that_is_not_known_does_not_widen_the_file(self, office, several):
        answer = office.take(query="?district=nope&stage=open", status=303)
        assert answer.location.endswith("/desk/reports?district=nope&stage=open")
        assert answer.follow().html.select(".notice.warn")

    def test_unknown_exports_are_not_there(self, office):
        office.take("nothing.list", status=404)


class TestPrint:
    def test_shows_the_list_with_its_filters(self, office, several):
        page = office.app.get("/exports/reports.list/print?stage=open")
        assert len(page.html.select("tbody tr")) == 2
        assert "باز" in page.text

    def test_of_an_unknown_number_is_empty(self, office, several):
        page = office.app.get("/exports/reports.list?citizen=0")
        [paper] = [link["href"] for link in page.html.select("a[href*='/print']")]
        assert office.app.get(paper).html.select("tbody tr") == []


class TestGeoReport:
    def test_has_the_columns_of_the_proposal(self, city, office, several):
        answer = office.take("reports.georeport", query="?category=sidewalk")
        assert answer.body.startswith(b"\xef\xbb\xbf")
        [line] = lines(answer)
        assert list(line) == [
            "service_request_id",
            "requested_datetime",
            "updated_datetime",
            "closed_date",
            "status_description",
            "status_notes",
            "source",
            "service_name",
            "service_subtype",
            "description",
            "agency_responsible",
            "address",
            "lat",
            "long",
        ]
        case = city.case(several[1])
        assert line["service_request_id"] == str(case.id)
        assert datetime.fromisoformat(line["requested_datetime"]) == case.created_at.replace(microsecond=0)
        assert line["status_description"] == "closed"
        assert line["status_notes"] == "ترمیم شد."
        place = city.other_district
        assert (float(line["lat"]), float(line["long"])) == (place.lat, place.lon)

    def test_is_no_excel_file(self, office):
        office.take("reports.georeport", format="xlsx", status=422)

    def test_words_that_were_taken_back_are_not_told(self, city, office, several):
        [line] = lines(office.take("reports.georeport", "?urgent=true"))
        assert line["status_notes"] == ""
        with city.site.work(actor=city.officer) as work:
            undo, case = work.get(UndoService), work.get(CaseService).fetch(several[1], lock=True)
            undo.undo(case, undo.last(case).id)
        [line] = lines(office.take("reports.georeport", "?category=sidewalk"))
        assert line["status_notes"] == ""


class TestFigures:
    def test_are_those_of_the_page(self, city, office, several):
        answer = office.take("reports.figures", "?period=all", format="xlsx")
        book = load_workbook(BytesIO(answer.body))
        keys = {row[0]: row[1] for row in book["شاخص‌های اصلی"].iter_rows(min_row=2, values_only=True)}
        assert (keys["ثبت‌شده"], keys["بررسی‌شده"], keys["شهروندان گزارش‌دهنده"]) == (3, 1, 2)
        units = {row[0]: row[1] for row in book["بر پایهٔ واحد"].iter_rows(min_row=2, values_only=True)}
        assert units == {"واحد civil": 3}
        assert "/exports/reports.figures" in office.app.get("/desk/reports/statistics").text

    def test_stand_in_one_list_as_comma_separated_values(self, office, several):
        rows = lines(office.take("reports.figures", "?period=all&stage=done"))
        found = {(row["جدول"], row["ردیف"], row["شاخص"]): row["مقدار"] for row in rows}
        assert found["شاخص‌های اصلی", "ثبت‌شده", "این بازه"] == "1"

    @pytest.mark.parametrize(
        ("query", "days", "before"),
        [
            ("?period=1405-02", "1405/02/01 – 1405/02/31", "1405/01/01 – 1405/01/31"),
            ("?period=year", "1405/01/01 – 1405/03/09", "1404/01/01 – 1404/03/09"),
            ("", "1405/02/11 – 1405/03/09", "1405/01/12 – 1405/02/10"),
            ("?period=all", "1405/03/09 – 1405/03/09", "–"),
        ],
    )
    def test_say_which_days_they_are_of(self, office, several, query, days, before):
        answer = office.take("reports.figures", f"{query}{'&' if query else '?'}source=web", format="xlsx")
        book = load_workbook(BytesIO(answer.body))
        about = dict(book["دربارهٔ این فایل"].iter_rows(min_row=2, values_only=True))
        assert (about["این بازه"], about["بازهٔ پیش از آن"]) == (days, before)
        assert about["راه ارسال"] == "سامانه"
        assert "روزها" not in book.sheetnames
        rows = lines(office.take("reports.figures", f"{query}{'&' if query else '?'}source=web"))
        told = {row["ردیف"]: row["مقدار"] for row in rows if row["جدول"] == "دربارهٔ این فایل"}
        assert (told["این بازه"], told["بازهٔ پیش از آن"], told["راه ارسال"]) == (days, before, "سامانه")
        found = {(row["جدول"], row["ردیف"], row["شاخص"]): row["مقدار"] for row in rows}
        assert found["روزها", "این بازه", "روز شروع"] == days.split(" – ")[0]

    def test_name_the_month_that_was_chosen(self, office, several):
        rows = lines(office.take("reports.figures", "?period=1405-02"))
        told = {row["ردیف"]: row["مقدار"] for row in rows if row["جدول"] == "دربارهٔ این فایل"}
        assert told["بازه"] == "اردیبهشت ۱۴۰۵"

    def test_name_no_period_where_days_are_named(self, office, several):
        rows = lines(office.take("reports.figures", "?period=1405-02&first_day=1405/03/01"))
        told = {row["ردیف"]: row["مقدار"] for row in rows if row["جدول"] == "دربارهٔ این فایل"}
        assert "بازه" not in told
        assert told["این بازه"].startswith("1405/03/01")

    def test_count_what_the_page_counts(self, office, several):
        answer = office.take("reports.figures", "?period=all", format="xlsx")
        book = load_workbook(BytesIO(answer.body))
        keys = {row[0]: row[1] for row in book["شاخص‌های اصلی"].iter_rows(min_row=2, values_only=True)}
        page = office.app.get("/desk/reports/statistics?period=all").html
        links = {a["aria-label"].split(":")[0]: a.text.strip() for a in page.select(".kpi a:not(.fig-share)")}
        zero = {"دیرکرد", "نظر داده‌شده", "بازگشوده", "دفعه‌های ارجاع"}
        assert zero <= keys.keys()
        shown = {name: int(text.translate(LATIN)) for name, text in links.items()}
        assert {name: keys[name] for name in shown} == shown
