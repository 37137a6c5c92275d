"""The options of a drop-down list."""

from bs4 import BeautifulSoup

from civicportal.web.forms.options import options_markup
from civicportal.web.schema import Option

UNITS = [
    Option(value="1", label="پسماند", group="خدمات"),
    Option(value="2", label='"><script>', group="خدمات"),
    Option(value="'3", label="فرهنگ", group='"&'),
    Option(value="4", label="دیگر"),
]


def drawn(options, chosen):
    return BeautifulSoup(
        f"<select>{options_markup(options, chosen, lambda text: text)}</select>", "html.parser"
    )


def test_stand_under_the_headings_of_their_groups():
    found = drawn(UNITS, [])
    groups = {group["label"]: [o["value"] for o in group("option")] for group in found("optgroup")}
    assert groups == {"خدمات": ["1", "2"], '"&': ["'3"]}
    assert [o["value"] for o in found.find("select").find_all("option", recursive=False)] == ["4"]


def test_say_what_they_were_given_and_no_more():
    found = drawn(UNITS, [])
    assert [o.text for o in found("option")] == [option.label for option in UNITS]
    assert not found("script")


def test_are_selected_on_each_page_separately():
    for chosen in (["1"], ["2", "4"], []):
        assert [o["value"] for o in drawn(UNITS, chosen)("option", selected=True)] == chosen


def test_follow_their_labels():
    renamed = [Option(value="1", label="پسماند و بازیافت", group="خدمات"), *UNITS[1:]]
    assert drawn(UNITS, [])("option")[0].text == "پسماند"
    assert drawn(renamed, [])("option")[0].text == "پسماند و بازیافت"
