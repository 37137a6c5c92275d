"""The small Markdown: what it makes, and that nothing harmful comes through."""

import pytest
from bs4 import BeautifulSoup
from civicportal_announcements.markup import plain_text, render_markup

ALLOWED = {"p", "br", "strong", "em", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "a", "hr"}
ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox)",
    "<javascript:alert(1)>",
    "![x](https://evil.example/x.png)",
    '[x](https://a.example "onmouseover=alert(1)")',
    '[x](https://a.example/"onmouseover="alert(1))',
    "<a href=https://a.example onclick=alert(1)>x</a>",
    "<iframe src=https://evil.example></iframe>",
    "<style>body{display:none}</style>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "`<script>`",
    "```html\n<script>alert(1)</script>\n```",
    "    <script>alert(1)</script>",
    "[x]: javascript:alert(1)\n\n[x]",
    "**<b onmouseover=alert(1)>x</b>**",
    "\x00<scr\x00ipt>alert(1)</script>",
]


LINK = '<a href="https://a.example" rel="noopener noreferrer">'


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_harmful_comes_through(text):
    page = BeautifulSoup(str(render_markup(text)), "html.parser")
    for tag in page.find_all(True):
        assert tag.name in ALLOWED
        assert set(tag.attrs) <= {"href", "rel"}
        if "href" in tag.attrs:
            assert tag.name == "a"
            assert tag["href"].split(":")[0] in ("http", "https", "mailto", "tel")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("سلام\nدنیا", "<p>سلام<br>\nدنیا</p>"),
        ("**مهم** و *کج*", "<p><strong>مهم</strong> و <em>کج</em></p>"),
        ("# یک\n## دو\n##### پنج", "<h2>یک</h2>\n<h3>دو</h3>\n<h4>پنج</h4>"),
        ("- الف\n- ب", "<ul>\n<li>الف</li>\n<li>ب</li>\n</ul>"),
        ("1. الف\n2. ب", "<ol>\n<li>الف</li>\n<li>ب</li>\n</ol>"),
        ("> گفته", "<blockquote>\n<p>گفته</p>\n</blockquote>"),
        ("[ما](https://a.example)", '<p><a href="https://a.example" rel="noopener noreferrer">ما</a></p>'),
        ("[۱۳۷](tel:137)", '<p><a href="tel:137" rel="noopener noreferrer">۱۳۷</a></p>'),
        ("۲ < ۳ & ۴", "<p>۲ &lt; ۳ &amp; ۴</p>"),
        ("https://a.example", f"<p>{LINK}https://a.example</a></p>"),
        ("(https://a.example)، پس", f"<p>({LINK}https://a.example</a>)، پس</p>"),
        ("**https://a.example**.", f"<p><strong>{LINK}https://a.example</a></strong>.</p>"),
        ("- https://a.example", f"<ul>\n<li>{LINK}https://a.example</a></li>\n</ul>"),
        ("[ما https://b.example](https://a.example)", f"<p>{LINK}ما https://b.example</a></p>"),
        (
            "https://a.example/گل",
            '<p><a href="https://a.example/%DA%AF%D9%84" rel="noopener noreferrer">https://a.example/گل</a></p>',
        ),
    ],
)
def test_marks_become_html(text, html):
    assert str(render_markup(text)).strip() == html


def test_plain_text_is_whole_words_without_marks():
    text = "# عنوان\n\nیک **دو** سه & چهار\n\n- پنج، شش"
    assert plain_text(text, 100) == "عنوان یک دو سه & چهار پنج، شش"
    assert plain_text(text, 16) == "عنوان یک دو سه…"
    assert plain_text("<b>بله</b>", 100) == "<b>بله</b>"
