"""The officers' pages: list, form with and without new pictures, order, undo, a slower colleague."""

from datetime import timedelta

import pytest
from civicportal_announcements.board import AnnouncementReader
from civicportal_announcements.pictures import MOST
from civicportal_announcements.views.sent import FILES
from webtest import Upload

TEXTS = {"title": "قطع آب", "summary": "کوتاه", "body": "آب خیابان سعدی **قطع** است."}


def edit_form(page):
    return next(form for form in page.forms.values() if "body" in form.fields)


def filled(page, **fields):
    form = edit_form(page)
    for name, value in {**TEXTS, **fields}.items():
        form[name] = value
    return form


def attach(form, *contents):
    form["image_key_files"] = [Upload("photo.png", content, "image/png") for content in contents]
    return form


@pytest.fixture
def officer(desk, sign_in):
    sign_in(desk.officer)
    return desk


def board(desk):
    with desk.site.work(write=False) as work:
        return [post.title for post in work.get(AnnouncementReader).desk("board", "", 1, 50).posts]


class TestAccess:
    @pytest.mark.parametrize("path", ["", "/new"])
    def test_is_for_writers(self, desk, app, sign_in, path):
        app.get(f"/desk/announcements{path}", status=303)
        sign_in(desk.citizen)
        app.get(f"/desk/announcements{path}", status=403)
        sign_in(desk.handler)
        app.get(f"/desk/announcements{path}", status=403)
        sign_in(desk.writer)
        app.get(f"/desk/announcements{path}", status=200)

    def test_a_writer_sees_no_button_that_is_not_theirs(self, desk, app, sign_in):
        post = desk.put_up()
        sign_in(desk.writer)
        assert app.get("/desk/announcements").html.select(".ann-rows form") == []
        app.get(f"/desk/announcements/{post}", status=403)
        assert [
            b["value"] for b in app.get("/desk/announcements/new").html.select("[name=action][value=publish]")
        ] == []
        app.get("/desk/announcements/broadcasts", status=403)

    def test_a_published_one_is_not_written_by_a_writers_form(self, desk, app, sign_in):
        sign_in(desk.writer)
        fields = [*filled(app.get("/desk/announcements/new")).submit_fields(), ("action", "publish")]
        sent = [field for field in fields if field[0] != "image_key_files"]
        app.post("/desk/announcements/new", sent, status=403)
        assert board(desk) == []


class TestForm:
    def test_as_many_pictures_as_allowed_and_an_empty_file_field(self, officer, app):
        page = app.get("/desk/announcements/new")
        page = attach(filled(page), *[officer.picture_bytes()] * MOST).submit(
            "action", value="pictures", status="*"
        )
        fields = [field for field in edit_form(page).submit_fields() if field[0] != FILES]
        keys = [value for name, value in fields if name == "image_key"]
        fields = [(name, "تصویر" if name.startswith("alt_") else value) for name, value in fields]
        assert len(keys) == MOST
        # A browser sends a part without a name for a file input without a file.
        sent = [*fields, ("action", "draft")]
        app.post("/desk/announcements/new", sent, upload_files=[(FILES, "", b"")], status=303)

    def test_publishes(self, officer, app):
        answer = filled(app.get("/desk/announcements/new")).submit("action", value="publish")
        assert answer.location.endswith("/desk/announcements")
        assert board(officer) == ["قطع آب"]
        assert "قطع آب" in answer.follow().text

    def test_keeps_a_draft(self, officer, app):
        answer = filled(app.get("/desk/announcements/new")).submit("action", value="draft").follow()
        assert "view=draft" in answer.request.url
        assert board(officer) == []

    def test_takes_off_the_board(self, officer, app):
        post = officer.put_up()
        edit_form(app.get(f"/desk/announcements/{post}")).submit("action", value="draft", status=303)
        assert board(officer) == []

    def test_days_and_hours_are_those_of_the_city(self, officer, app):
        times = {"start_day": "۱۴۰۵/۰۳/۲۰", "start_time": "۸:۳۰", "end_day": "1405/03/25", "end_time": ""}
        filled(app.get("/desk/announcements/new"), **times).submit("action", value="publish")
        with officer.site.work(write=False) as work:
            (post,) = work.get(AnnouncementReader).desk("board", "", 1, 2).posts
        assert post.starts_at.isoformat() == "2026-06-10T05:00:00+00:00"
        assert post.ends_at.isoformat() == "2026-06-15T20:30:00+00:00"
        form = edit_form(app.get(f"/desk/announcements/{post.id}"))
        assert form["end_day"].value == "۱۴۰۵/۰۳/۲۵"
        assert form["end_time"].value == ""
        form.submit("action", value="publish", status=303)
        assert officer.post(post.id).ends_at == post.ends_at

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"title": ""}, "title"),
            ({"body": "کم"}, "body"),
            ({"start_time": "۸:۳۰"}, "start_day"),
            ({"start_day": "۱۴۰۵/۰۳/۲۰", "end_day": "۱۴۰۵/۰۳/۱۹"}, "end_day"),
            ({"start_day": "۱۴۰۵/۱۳/۲۰"}, "start_day"),
            ({"end_day": "۱۴۰۵/۰۳/۲۰", "end_time": "۲۵:۰۰"}, "end_time"),
        ],
    )
    def test_a_refused_one_keeps_what_was_typed(self, officer, app, fields, wrong):
        answer = filled(app.get("/desk/announcements/new"), **fields).submit(
            "action", value="publish", status=422
        )
        assert answer.html.select_one(f".err-summary a[href='#{wrong}']")
        form = edit_form(answer)
        for name, value in {**TEXTS, **fields}.items():
            assert form[name].value == value
        assert board(officer) == []

    def test_shows_how_it_will_look(self, officer, app):
        answer = filled(app.get("/desk/announcements/new"), title="").submit(
            "action", value="preview", status=200
        )
        assert answer.html.select_one("#shown strong").text.strip() == "قطع"
        assert edit_form(answer)["summary"].value == "کوتاه"

    def test_the_script_asks_for_the_words(self, officer, app):
        token = app.get("/desk/announcements/new").html.select_one("input[name=csrf_token]")["value"]
        sent = {"body": "**مهم** <script>"}
        answer = app.post("/desk/announcements/words", sent, headers={"X-CSRF-Token": token}, status=200)
        assert answer.text.strip() == "<p><strong>مهم</strong> &lt;script&gt;</p>"

    def test_a_slower_colleague_keeps_their_words_and_sees_the_others(self, officer, app):
        post = officer.put_up("نخست")
        form = filled(app.get(f"/desk/announcements/{post}"), title="از من")
        faster = filled(app.get(f"/desk/announcements/{post}"), title="از همکار")
        faster.submit("action", value="publish", status=303)
        answer = form.submit("action", value="publish", status=409)
        assert "از همکار" in answer.html.select_one(".notice.warn").text
        again = edit_form(answer)
        assert again["title"].value == "از من"
        again.submit("action", value="publish", status=303)
        assert officer.post(post).title == "از من"

    def test_a_slower_colleague_hears_that_it_was_pinned(self, officer, app):
        post = officer.put_up()
        form = filled(app.get(f"/desk/announcements/{post}"))
        officer.act("pin", post, True)
        answer = form.submit("action", value="publish", status=409)
        assert "سنجاق" in answer.html.select_one(".notice.warn summary").text

    def test_what_a_colleague_deleted_costs_no_words(self, officer, app):
        post = officer.put_up()
        form = filled(app.get(f"/desk/announcements/{post}"))
        officer.act("delete", post)
        answer = form.submit("action", value="publish", status=409)
        assert edit_form(answer)["body"].value == TEXTS["body"]

    def test_an_unknown_one_is_not_there(self, officer, app):
        app.get("/desk/announcements/999", status=404)
        app.get("/desk/announcements/999/preview", status=404)


class TestPictures:
    def test_come_with_the_form_and_are_described_next(self, officer, app):
        form = attach(filled(app.get("/desk/announcements/new")), officer.picture_bytes())
        answer = form.submit("action", value="publish", status=422)
        form = edit_form(answer)
        (key,) = [field.value for field in form.fields["image_key"]]
        assert answer.html.select_one(f".err-summary a[href='#alt_{key}']")
        form[f"alt_{key}"], form[f"x_{key}"] = "مخروط ایمنی", "۸۰"
        form.submit("action", value="publish", status=303)
        with officer.site.work(write=False) as work:
            reading = work.get(AnnouncementReader)
            (post,) = reading.desk("board", "", 1, 2).posts
            (picture,) = reading.pictures([post])[post.id]
        assert (picture.key, picture.alt, picture.focus_x, picture.focus_y) == (key, "مخروط ایمنی", 80, 50)

    def test_change_places_and_go_without_a_script(self, officer, app):
        pictures = tuple(officer.picture(f"تصویر {name}") for name in "abc")
        keys = [picture.key for picture in pictures]
        post = officer.put_up(pictures=pictures)
        page = app.get(f"/desk/announcements/{post}")
        page = edit_form(page).submit("action", value=f"down:{keys[0]}", status=200)
        page = edit_form(page).submit("action", value=f"remove:{keys[2]}", status=200)
        form = edit_form(page)
        assert [field.value for field in form.fields["image_key"]] == [keys[1], keys[0]]
        assert form[f"alt_{keys[0]}"].value == "تصویر a"
        form.submit("action", value="publish", status=303)
        with officer.site.work(write=False) as work:
            found = work.get(AnnouncementReader).pictures([officer.post(post)])[post]
        assert [picture.alt for picture in found] == ["تصویر b", "تصویر a"]

    def test_what_is_no_picture_is_refused_with_the_reason(self, officer, app):
        form = attach(filled(app.get("/desk/announcements/new")), b"GIF89a no picture")
        answer = form.submit("action", value="publish", status=422)
        assert answer.html.select_one(".err-summary")
        assert edit_form(answer)["title"].value == "قطع آب"

    def test_of_another_person_cannot_be_named(self, officer, app):
        foreign = officer.upload()
        form = filled(app.get("/desk/announcements/new"))
        fields = [
            *form.submit_fields(),
            ("image_key", foreign),
            (f"alt_{foreign}", "تصویر"),
            ("action", "publish"),
        ]
        fields = [(name, value) for name, value in fields if name != "image_key_files"]
        app.post("/desk/announcements/new", fields, status=422)
        assert board(officer) == []

    @pytest.mark.parametrize("value", ["x", "../../etc/passwd", "é" * 22, ""])
    def test_a_key_that_is_none_is_left_out(self, officer, app, value):
        fields = [
            (n, v)
            for n, v in filled(app.get("/desk/announcements/new")).submit_fields()
            if n != "image_key_files"
        ]
        app.post("/desk/announcements/new", [*fields, ("image_key", value), ("action", "draft")], status=303)


class TestList:
    def button(self, page, path, value=None):
        forms = (form for form in page.forms.values() if form.action.endswith(path))
        return next(f for f in forms if value is None or f'value="{value}"' in f.text)

    def test_has_a_view_for_every_state(self, officer, app, clock):
        officer.put_up("زنده")
        officer.put_up("فردا", starts_at=clock.now() + timedelta(days=1))
        officer.put_up("گذشته", ends_at=clock.now())
        officer.put_up("پیش‌نویس", publish=False)
        officer.act("delete", officer.put_up("دور ریخته"))
        shown = {
            view: [
                row.select_one(".ann-words .item-link, .ann-words .strong").text
                for row in page.html.select(".ann-rows > li")
            ]
            for view in ("board", "draft", "ended", "deleted", "nonsense")
            if (page := app.get(f"/desk/announcements?view={view}", status=200))
        }
        assert shown == {
            "board": ["فردا", "زنده"],
            "draft": ["پیش‌نویس"],
            "ended": ["گذشته"],
            "deleted": ["دور ریخته"],
            "nonsense": ["فردا", "زنده"],
        }

    def test_is_searched(self, officer, app):
        officer.put_up("قطع آب")
        officer.put_up("بازار روز")
        page = app.get("/desk/announcements", {"words": "بازار"})
        assert [link.text.strip() for link in page.html.select(".ann-rows .item-link")] == ["بازار روز"]
        assert page.html.select(".ann-order") == []

    def test_order_and_pin(self, officer, app):
        ids = [officer.put_up(name * 3) for name in "ab"]
        page = app.get("/desk/announcements")
        self.button(page, f"/{ids[1]}/move", "down").submit("way", value="down", status=303)
        assert board(officer) == ["aaa", "bbb"]
        self.button(page, f"/{ids[1]}/pin").submit("pinned", value="true", status=303)
        assert board(officer) == ["bbb", "aaa"]
        page = app.get("/desk/announcements")
        assert [len(row.select(".ann-order [disabled]")) for row in page.html.select(".ann-rows > li")] == [
            2,
            2,
        ]

    def test_nothing_moves_another_way(self, officer, app):
        post = officer.put_up()
        form = self.button(app.get("/desk/announcements"), "/move")
        sent = {"csrf_token": form["csrf_token"].value, "way": "sideways"}
        app.post(f"/desk/announcements/{post}/move", sent, status=400)

    def test_a_deleted_one_comes_back_by_the_next_pages_button(self, officer, app):
        post = officer.put_up()
        page = self.button(app.get("/desk/announcements"), f"/{post}/delete").submit().follow()
        assert board(officer) == []
        self.button(page, f"/{post}/restore").submit(status=303)
        assert board(officer) == ["اطلاعیه"]

    def test_a_preview_shows_what_citizens_do_not_see_yet(self, officer, app):
        post = officer.put_up("پیش‌نویس", publish=False, pictures=(officer.picture(),))
        page = app.get(f"/desk/announcements/{post}/preview", status=200)
        assert page.html.h1.text.strip() == "پیش‌نویس"
        assert page.html.select("[property='og:title']") == []
        app.get(page.html.select_one("article img")["src"], status=200)

    def test_the_desk_counts(self, officer, app):
        officer.put_up()
        officer.put_up(publish=False)
        widget = app.get("/desk").html.find("section", attrs={"aria-labelledby": "announcements-title"})
        assert [link.text.strip() for link in widget.select("li a")] == ["۱", "۰", "۱"]

    def test_its_form_leads_to_where_it_comes_back(self, officer, app):
        """By an old tab or the browser's history: what is written there could not be kept."""
        post = officer.put_up("دور ریخته")
        officer.act("delete", post)
        page = app.get(f"/desk/announcements/{post}", status=303).follow()
        assert page.request.GET["view"] == "deleted"
        assert page.html.select(f'form[action$="/desk/announcements/{post}/restore"]')
        assert page.html.select(".toast-x, .notice")


class TestPersonalData:
    @pytest.mark.parametrize("words", ["با ۰۹۱۲ ۳۴۵ ۶۷۸۹ تماس بگیرید.", "کد ملی ۰۴۹۹۳۷۰۸۹۹ برنده شد."])
    def test_a_mobile_and_a_national_code_are_not_published(self, officer, app, words):
        form = filled(app.get("/desk/announcements/new"), body=words)
        page = form.submit("action", value="publish", status=422)
        assert page.html.select_one("#body-found mark")
        assert words in page.html.select_one("#body").text
        form.submit("action", value="draft", status=303)

    @pytest.mark.parametrize("field", ["alt", "caption"])
    def test_nor_are_they_beside_a_picture(self, officer, app, field):
        form = attach(filled(app.get("/desk/announcements/new")), officer.picture_bytes())
        form = edit_form(form.submit("action", value="publish", status=422))
        (key,) = [one.value for one in form.fields["image_key"]]
        form[f"alt_{key}"] = "مخروط ایمنی"
        form[f"{field}_{key}"] = "با ۰۹۱۲ ۳۴۵ ۶۷۸۹ تماس بگیرید."
        page = form.submit("action", value="publish", status=422)
        assert page.html.select_one(f"#{field}_{key}-found mark").text.strip() == "۰۹۱۲ ۳۴۵ ۶۷۸۹"
        form.submit("action", value="draft", status=303)

    def test_the_address_of_an_office_is(self, officer, app):
        form = filled(app.get("/desk/announcements/new"), body="نشانی: خیابان آزادی، پلاک ۱۲، واحد ۳")
        form.submit("action", value="publish", status=303)
