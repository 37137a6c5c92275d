"""The list for other programs: feed, previews of links, and a frame of other sites."""

from io import BytesIO
from xml.etree import ElementTree

import colander
import feedparser
import pytest
from civicportal_reports.schemas import Settings
from PIL import Image

ATOM = "{http://www.w3.org/2005/Atom}"
SECRET = "متن پنهان این گزارش"


@pytest.fixture
def published(city):
    code = city.send()
    city.publish(code)
    city.send("bin", city.other_district, body=SECRET, by=city.other)
    return city.case(code)


class TestFeed:
    def entries(self, app, query=""):
        answer = app.get(f"/reports/feed.xml{query}", status=200)
        assert answer.content_type == "application/atom+xml"
        return answer, ElementTree.fromstring(answer.body).findall(f"{ATOM}entry")

    def test_holds_what_is_published_and_nothing_else(self, app, city, published):
        answer, (entry,) = self.entries(app)
        assert entry.find(f"{ATOM}link").get("href").endswith(f"/reports/{published.id}")
        assert published.subject in entry.find(f"{ATOM}title").text
        for secret in (published.code, city.citizen.name, SECRET):
            assert secret not in answer.text

    def test_follows_the_filters_of_the_list(self, app, published):
        page = app.get("/reports?category=bin")
        link = page.html.select_one("link[type='application/atom+xml']")["href"]
        assert link == "/reports/feed.xml?category=bin"
        assert self.entries(app, "?category=bin")[1] == []
        assert len(self.entries(app, "?category=roads")[1]) == 1
        app.get("/reports/feed.xml?category=nonsense", status=400)

    def test_is_kept_by_caches_and_sets_no_cookie(self, app, published):
        answer, _entries = self.entries(app)
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        assert answer.headers["Vary"] == "Cookie"
        assert "Set-Cookie" not in answer.headers
        app.get("/reports/feed.xml", headers={"If-None-Match": answer.headers["ETag"]}, status=304)

    def test_is_written_as_rss_too(self, app, city, published):
        page = app.get("/reports?category=roads")
        link = page.html.select_one("link[type='application/rss+xml']")["href"]
        assert link == "/reports/rss.xml?category=roads"
        answer = app.get(link, status=200)
        assert answer.content_type == "application/rss+xml"
        assert answer.headers["Vary"] == "Cookie"
        found = feedparser.parse(answer.body)
        assert (found.bozo, found.version) == (False, "rss20")
        (entry,) = found.entries
        (same,) = feedparser.parse(app.get("/reports/feed.xml?category=roads").body).entries
        assert (entry.id, entry.title, entry.summary) == (same.id, same.title, same.summary)
        assert [tag.term for tag in entry.tags] == [same.tags[0].label]
        for secret in (published.code, city.citizen.name, SECRET):
            assert secret not in answer.text
        assert feedparser.parse(app.get("/reports/rss.xml?category=bin").body).entries == []
        app.get("/reports/rss.xml?category=nonsense", status=400)


class TestPreviews:
    def picture(self, app, path):
        answer = app.get(path, status=200)
        assert answer.headers["Cache-Control"] == "public, max-age=3600"
        assert len(answer.body) < 300_000
        image = Image.open(BytesIO(answer.body))
        assert image.size == (1200, 630)
        return image.convert("RGB")

    def test_a_page_and_the_list_name_their_picture(self, app, published):
        for path in ("/reports", f"/reports/{published.id}"):
            page = app.get(path).html
            tags = {tag["property"]: tag["content"] for tag in page.select("meta[property]")}
            assert tags["og:image"].endswith(f"{path}/picture.png")
            assert tags["og:title"]
            assert tags["og:description"]

    def test_the_place_is_drawn_with_its_pin(self, app, published):
        image = self.picture(app, f"/reports/{published.id}/picture.png")
        assert len(image.getcolors(2**20)) > 3
        reds = [colour for _n, colour in image.getcolors(2**20) if colour[0] > 150 > colour[1] + colour[2]]
        assert reds

    def test_the_city_is_drawn(self, app, published):
        self.picture(app, "/reports/picture.png")

    def test_there_is_none_of_what_is_not_published(self, app, city):
        case = city.case(city.send())
        app.get(f"/reports/{case.id}/picture.png", status=404)


def test_there_is_no_frame_without_the_setting(app, published):
    app.get("/reports/embed", status=404)
    assert "iframe" not in app.get("/reports").text


class TestFrame:
    @pytest.fixture
    def civic_settings(self):
        hosts = ["www.example.org", "*.example.com"]
        return {"site": {"plugins": ["reports"]}, "plugins": {"reports": {"embed_hosts": hosts}}}

    def test_only_the_hosts_of_the_setting_may_show_it(self, app, published, sign_in, city):
        answer = app.get("/reports/embed?stage=open", status=200)
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors www.example.org *.example.com;" in policy
        assert "X-Frame-Options" not in answer.headers
        assert "Set-Cookie" not in answer.headers
        elsewhere = app.get("/reports")
        assert "frame-ancestors 'none'" in elsewhere.headers["Content-Security-Policy"]
        assert elsewhere.headers["X-Frame-Options"] == "DENY"
        assert answer.html.select_one("a[target=_blank]")["href"] == "/reports?stage=open"
        assert "stage=open" in answer.html.select_one("[data-points-url]")["data-points-url"]
        code = app.get("/reports?stage=open").html.select_one("#embed-code").text
        assert '/reports/embed?stage=open"' in code
        sign_in(city.citizen)
        assert city.citizen.name not in app.get("/reports/embed").text
        card = app.get(f"/reports/{published.id}/card?framed=1")
        assert card.html.select_one("a[target=_blank]")


@pytest.mark.parametrize(
    "host", ["www example.org", "https://example.org/path", "'self'", "*", "example.org; img-src"]
)
def test_what_is_no_host_stops_the_start(host):
    with pytest.raises(colander.Invalid, match="no host"):
        Settings().deserialize({"embed_hosts": [host]})


@pytest.mark.parametrize("time", ["24:00", "6", "evening", "18:00\n"])
def test_what_is_no_time_stops_the_start(time):
    with pytest.raises(colander.Invalid, match="no time of day"):
        Settings().deserialize({"digest_at": time})
