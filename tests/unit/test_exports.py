"""Cells of exported files: nothing becomes a formula, every text is kept, both calendars agree."""

import csv
import re
from io import BytesIO, StringIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import load_workbook

from civicportal.domain.exports.comma import write_csv
from civicportal.domain.exports.sheets import ExcelBook, Sheet
from civicportal.domain.exports.values import FORMULA_SIGNS, Heading, escape_formula
from civicportal.testing import NOON

TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40)


def written(rows):
    file = BytesIO()
    write_csv(file, ["سر"], rows)
    return list(csv.reader(StringIO(file.getvalue().decode("utf-8-sig"), newline="")))[1:]


@pytest.mark.parametrize("sign", sorted(FORMULA_SIGNS))
def test_a_text_that_could_be_a_formula_gets_an_apostrophe(sign):
    assert escape_formula(f"{sign}cmd|'/c calc'!A0") == f"'{sign}cmd|'/c calc'!A0"
    if not sign.isspace():
        assert escape_formula(f"  {sign}1") == f"'  {sign}1"


@pytest.mark.parametrize("text", ["", "سلام", "a=b", "۱۲", "5 - 3"])
def test_other_texts_stay(text):
    assert escape_formula(text) == text


@given(TEXTS)
def test_no_cell_of_a_csv_file_begins_like_a_formula(text):
    [[cell]] = written([[text]]) if text else [[""]]
    assert cell[:1] not in FORMULA_SIGNS
    assert cell.lstrip()[:1] not in FORMULA_SIGNS
    assert cell.replace("'", "") == text.replace("'", "")


@given(TEXTS)
@example("x;=1+1")
@example("x; =1+1")
@example("a\tb\t@SUM(1)")
@example('x;"=1+1"')
@example("a|-2")
def test_no_part_of_a_cell_is_a_formula_where_another_sign_separates(text):
    """Excel takes the separator of the country: the semicolon in most of them."""
    [[cell]] = written([[text]]) if text else [[""]]
    for part in re.split(r"[;\t|]", cell):
        assert part.strip().lstrip('"')[:1] not in FORMULA_SIGNS - {"\t", "\r", "\n"} or not part.strip()


def test_numbers_are_no_texts():
    assert written([[-3, 2.5, None]]) == [["-3", "2.5", ""]]


def book(*sheets):
    file = BytesIO()
    with ExcelBook(file, title="فهرست", company="شهر", made=NOON, rtl=True) as made:
        for sheet in sheets:
            made.add(sheet)
    return load_workbook(file)


def one(rows, title="فهرست"):
    return Sheet(title=title, headings=[Heading(title="سر", kind="text", width=10)], rows=rows)


@given(TEXTS.filter(lambda text: text.isprintable()))
def test_no_cell_of_a_sheet_is_a_formula(text):
    page = book(one([[text]])).worksheets[0]
    cell = page["A2"]
    assert (cell.value or "") == text
    assert cell.data_type != "f"
    if text[:1] in FORMULA_SIGNS:
        assert cell.quotePrefix


def test_a_table_that_is_too_long_goes_on_on_the_next_sheet(monkeypatch):
    monkeypatch.setattr("civicportal.domain.exports.sheets.MOST_ROWS", 3)
    found = book(one([[number] for number in range(7)]))
    assert [page.max_row - 1 for page in found.worksheets] == [3, 3, 1]
    assert found.sheetnames == ["فهرست", "فهرست 2", "فهرست 3"]


def test_names_of_sheets_are_short_and_differ():
    found = book(one([], "الف/ب:ج" * 10), one([], "الف/ب:ج" * 10), one([], "[]"))
    assert len(set(found.sheetnames)) == 3
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in found.sheetnames)


def test_a_file_that_fails_half_way_is_closed():
    def rows():
        yield [1]
        raise RuntimeError("gone")

    with pytest.raises(RuntimeError), ExcelBook(BytesIO(), title="", company="", made=NOON, rtl=True) as made:
        made.add(one(rows()))
