"""The search for a category, by the phrases that citizens type."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "plugins/reports/src/civicportal_reports/static/category-search.js"
DATA = ROOT / "examples/shahreman_site/src/shahreman_site/data/categories.toml"
SAID = Path(__file__).with_name("category_phrases.toml")
FIRST = 3
"""The category must be among the first so many."""
LEAST_SHARE = 0.95
"""Of the phrases in ``SAID`` that find their category."""

PHRASES = """
waste_missed: آشغال‌ها را نبرده‌اند | زباله جمع نمی‌کنند | ماشین زباله نیامده | کیسه زباله جلوی در | بوی بد آشغال
waste_bin: سطل زباله شکسته | سطل اشغال نداریم | مخزن زباله پر است | سطل سوخته
sweeping: برف | برف‌روبی کوچه | یخ زدگی خیابان | کوچه کثیف است | رفتگر نمی‌آید | برگ‌های خشک پیاده‌رو
recycling: بازیافت | کاغذ و کارتن | پسماند خشک
leachate: شیرابه | شیرابهٔ ماشین زباله
debris_dump: نخاله ساختمانی | خالی کردن خاک در زمین خالی | نخاله ریخته‌اند
debris_left: شن و ماسه در پیاده‌رو | مصالح ساختمانی وسط کوچه | تیرآهن
site_dust: گرد و خاک ساختمان | گردوغبار کارگاه
night_work: سر و صدای شبانه | بتن ریزی شبانه
prune: هرس درخت | شاخه‌های درخت | شاخه درخت جلوی پنجره
tree_danger: درخت خشک | درخت در حال افتادن | درخت شکسته
irrigation: لوله ترکیده | چمن خشک شده | آبیاری چمن‌ها
tree_cut: قطع درختان | درخت را بریده‌اند
park_furniture: نیمکت پارک شکسته | آبخوری پارک | نیمکت‌ها
playground: تاب و سرسره | وسایل بازی خراب است | زمین بازی بچه‌ها
pothole: چاله | چاله‌های خیابان | دست انداز | آسفالت خراب | اسفالت کنده شده | گودال وسط کوچه
sidewalk: پیاده رو خراب | موزائیک شکسته | پیاده‌رو برای ویلچر
curb: جدول شکسته | جدول‌های کنار خیابان
manhole: دریچه فاضلاب باز است | درپوش چاه | در چاه نیست
trench: کنده‌کاری | شرکت گاز کوچه را کنده | حفاری فیبر نوری
footbridge: پل عابر پیاده | پله برقی خراب | آسانسور پل
gutter: جوب گرفته | جوی آب | لجن جوی
flooding: آبگرفتگی | آب جمع شده | بعد از باران آب گرفتگی
stream: لایروبی مسیل | رودخانه
signal: چراغ قرمز خراب است | چراغ راهنمایی | چراغ چهارراه
sign: تابلوی ایست | تابلو کوچه افتاده | آینه محدب
marking: خط کشی | خط عابر پاک شده
bump: سرعت گیر | سرعت‌گیر جلوی مدرسه | سرعت ماشین‌ها زیاد است
parking: پارک ماشین | پارک دوبل | پارک دوبله | ماشین جلوی پارکینگ | جلوی پارکینگ ما پارک کرده‌اند
geometry: ترافیک | راه بندان | دوربرگردان
street_light: چراغ خاموش | لامپ سوخته | تیر برق کج | کوچه تاریک است | چراغ کوچه
park_light: چراغ پارک | تاریکی پارک
excavation: گودبرداری | ترک دیوار همسایه
unsafe_bldg: ساختمان فرسوده | ریزش نما | خانه متروکه
bus_late: اتوبوس دیر می‌آید | خط اتوبوس | تاخیر اتوبوس
driver: راننده بی‌ادب | رفتار راننده تاکسی | بی‌احترامی راننده
bus_stop: ایستگاه اتوبوس | سایبان ایستگاه | صندلی ایستگاه
taxi_fare: کرایه تاکسی | کرایه اضافه | تاکسی گران
vendor: دستفروش | دست فروش | وانت میوه فروش | بلندگوی وانت
shop_block: مغازه‌دار جنس چیده | ویترین مغازه در پیاده‌رو | مغازه
nuisance: صدای نجاری | دود کارگاه | صافکاری
stray: سگ ولگرد | سگ‌ها | لاشه حیوان | گربه
pests: موش | موش‌ها | سوسک | پشه | سم پاشی
other: متفرقه | سایر
"""
CASES = [
    (phrase.strip(), name.strip())
    for name, phrases in (line.split(":") for line in PHRASES.strip().splitlines())
    for phrase in phrases.split("|")
]
EVERYDAY = [
    (phrase, name) for name, said in tomllib.loads(SAID.read_text("utf-8")).items() for phrase in said
]


def categories() -> list[dict[str, Any]]:
    """Return what the form tells the search of the example city's categories."""
    roots = tomllib.loads(DATA.read_text("utf-8"))["categories"]
    return [
        {
            "name": leaf["key"],
            "phrases": [leaf["name"], *leaf["synonyms"]],
            "around": [root["name"], root["hint"]],
        }
        for root in roots
        for leaf in root.get("children", [root])
    ]


@pytest.fixture(scope="module")
def found(chromium: Browser) -> dict[str, list[str]]:
    """Return the names that the script finds for each phrase."""
    asked = [phrase for phrase, _name in CASES + EVERYDAY] + ["مو", "چا", "فیل سفید", "در", "ك"]
    page = chromium.new_page()
    result: dict[str, list[str]] = page.evaluate(
        """async ([script, categories, asked]) => {
            const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
            const { CategorySearch } = await import(url);
            const search = new CategorySearch(JSON.parse(categories));
            return Object.fromEntries(asked.map((text) => [text, search.find(text)]));
        }""",
        [SCRIPT.read_text("utf-8"), json.dumps(categories()), asked],
    )
    page.close()
    return result


def test_phrases_find_their_category(found: dict[str, list[str]]) -> None:
    assert len(CASES) >= 100
    missed = {phrase: found[phrase] for phrase, name in CASES if name not in found[phrase][:FIRST]}
    assert missed == {}


def test_everyday_words_find_their_category(found: dict[str, list[str]]) -> None:
    assert len(EVERYDAY) >= 200
    missed = {phrase: found[phrase] for phrase, name in EVERYDAY if name not in found[phrase][:FIRST]}
    share = 1 - len(missed) / len(EVERYDAY)
    assert share >= LEAST_SHARE, f"{share:.1%} of {len(EVERYDAY)} phrases find their category, not {missed}"


def test_only_whole_words_count(found: dict[str, list[str]]) -> None:
    assert "street_light" not in found["موش"]
    assert found["موش"] == ["pests"]


def test_the_last_word_may_be_unfinished(found: dict[str, list[str]]) -> None:
    assert "pests" in found["مو"]
    assert "pothole" in found["چا"]


@pytest.mark.parametrize("text", ["فیل سفید", "در", "ك"])
def test_other_words_find_nothing(found: dict[str, list[str]], text: str) -> None:
    assert found[text] == []
