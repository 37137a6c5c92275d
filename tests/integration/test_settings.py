"""A wrong site file is refused, and the message names the place in it."""

import tomllib

import pytest

from civicportal.core.installed import commands_of, find_site
from civicportal.core.settings import read_settings
from civicportal.core.site import Site
from civicportal.testing import make_site_file
from civicportal.testing.sites import SETTINGS, to_toml
from civicportal.util.errors import ConfigurationError

BUCKET = {
    "bucket": "pictures",
    "endpoint": "https://s3.example.org",
    "access_key": {"file": "secret"},
    "secret_key": {"file": "secret"},
}


def assemble(folder, **overrides):
    return Site(make_site_file(folder, **overrides))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"site": {"nmae": "x"}}, r"site: unknown key .nmae"),
        ({"sites": {"name": "x"}}, r"unknown key .sites"),
        ({"site": {"name": 3}}, r"site\.name: must be a string, not int"),
        ({"site": {"plugins": "reports"}}, r"site\.plugins: must be an array of str"),
        ({"site": {"mode": "test"}}, r"site\.mode: "),
        ({"site": {"calendar": "mayan"}}, r"site\.calendar: "),
        ({"site": {"timezone": "Asia/Teheran"}}, r"site\.timezone: unknown time zone 'Asia/Teheran'"),
        ({"site": {"timezone": "Asia"}}, r"site\.timezone: unknown time zone 'Asia'"),
        ({"site": {"timezone": "a/" * 500}}, r"site\.timezone: unknown time zone 'a/a/"),
        ({"site": {"name": {"env": 3}}}, r"site\.name: env must name a variable"),
        ({"site": {"name": {"file": 3}}}, r"site\.name: file must name a file"),
        ({"site": {"name": {"file": "a\0"}}}, r"site\.name: .*null byte"),
        ({"calendar": {"hours": "early"}}, r"calendar\.hours: must look like 07:30-14:30"),
        ({"calendar": {"weekend": ["friday"]}}, r"calendar\.weekend: unknown weekday 'friday'"),
        ({"map": {"center": ["a", "b"]}}, r"map\.center: must be an array of numbers"),
        ({"map": {"zoom": True}}, r"map\.zoom: must be a number, not bool"),
        ({"notifications": {"quiet_hours": "22"}}, r"notifications\.quiet_hours: "),
        ({"limits": {"tarck_code": [[5, 60]]}}, r"limits\.tarck_code: unknown limit; known are"),
        ({"limits": {"track_code": [5, 60]}}, r"limits\.track_code: must be an array of \[hits, seconds\]"),
        ({"limits": {"track_code": [[0, 60]]}}, r"limits\.track_code: "),
        (
            {"site": {"secret": "plain and long enough for everything"}},
            r"site\.secret: a secret is never written",
        ),
        (
            {"site": {"secret": {"env": "NO_SUCH_NAME", "default": "plain"}}},
            r"site\.secret: a secret is never written",
        ),
        (
            {"site": {"trusted_proxy": "proxy"}},
            r"site\.trusted_proxy: must be an address or a network: 'proxy'",
        ),
        (
            {"site": {"trusted_proxy": ["10.0.0.1", "10.0.0.1/8"]}},
            r"site\.trusted_proxy: .* has host bits set",
        ),
        ({"site": {"trusted_proxy": 7}}, r"site\.trusted_proxy: must be a string or an array of strings"),
        ({"site": {"pii_keys": "plain"}}, r"site\.pii_keys: a secret is never written"),
        ({"s3": {**BUCKET, "secret_key": "plain"}}, r"s3\.secret_key: a secret is never written"),
        ({"s3": {**BUCKET, "endpoint": "http://s3.example.org"}}, r"s3\.endpoint: must begin with https://"),
        ({"s3": {**BUCKET, "access_key": {"env": "NO_SUCH_NAME"}}}, r"s3\.access_key: Required"),
        ({"s3": {**BUCKET, "ca": "nowhere.pem"}}, r"s3\.ca: .*nowhere\.pem"),
        ({"site": {"secret": {"file": "nowhere"}}}, r"site\.secret: .*nowhere"),
        ({"site": {"name": {"env": "NO_SUCH_NAME"}}}, r"site\.name: the environment has no NO_SUCH_NAME"),
        ({"site": {"database_url": "mysql://x/y"}}, r"site\.database_url: mysql is neither"),
        ({"site": {"database_url": "sqlite://"}}, r"site\.database_url: it names no file"),
        (
            {"site": {"plugins": ["nonsense"]}},
            r"site\.plugins: 'nonsense' is not installed .*civicportal-nonsense",
        ),
        ({"site": {"plugins": ["reports", "reports"]}}, r"site\.plugins: 'reports' is listed twice"),
        ({"site": {"package": "no_such_city"}}, r"site\.package: 'no_such_city' cannot be imported"),
        ({"plugins": {"nonsense": {"a": 1}}}, r"plugins\.nonsense: no plugin of this name is installed"),
    ],
)
def test_the_place_is_named(tmp_path, overrides, message):
    with pytest.raises(ConfigurationError, match=message):
        assemble(tmp_path, **overrides)


@pytest.mark.parametrize("key", ["name", "short_name", "plugins", "fallback_unit"])
def test_what_must_be_there(tmp_path, key):
    path = make_site_file(tmp_path)
    settings = {**SETTINGS, "site": {name: value for name, value in SETTINGS["site"].items() if name != key}}
    path.write_text(to_toml(settings), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"site\.{key}: "):
        Site(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('site = "x"', r"site: must be a table, not str"),
        ("[site]\nname = 3\nlook = 4\n\n[contact]\n[[limits]]\n", r"limits: must be a table, not list"),
        ('site = { env = "A" }\nbackup = "x"', r"site"),
        ("[site]\nquarantine_days = nan", r"site\.quarantine_days: must be a number, not float"),
        ("[site]\nquarantine_days = " + "[" * 100 + "]" * 100, r"nested too deeply"),
        ("[site]\nquarantine_days = " + "[" * 5000, r"site\.toml: "),
        ("[site]\nquarantine_days = " + "9" * 5000, r"site\.toml: .*digits"),
    ],
)
def test_a_file_of_another_form(tmp_path, text, message):
    path = tmp_path / "site.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        read_settings(path, {})


def test_every_problem_is_told_at_once(tmp_path):
    with pytest.raises(ConfigurationError) as error:
        assemble(tmp_path, site={"name": 3, "mode": "x"}, calendar={"hours": "x"})
    assert len(str(error.value).splitlines()) == 3


def test_what_is_no_toml(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text("[site\n")
    with pytest.raises(ConfigurationError, match=r"site\.toml: .*line 1"):
        read_settings(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigurationError, match="no such file"):
        Site(tmp_path / "site.toml")


@pytest.mark.parametrize("read", [read_settings, commands_of])
def test_a_folder_in_place_of_the_file(tmp_path, read):
    with pytest.raises(ConfigurationError, match=rf"{tmp_path}: Is a directory"):
        read(tmp_path)


def test_a_byte_order_mark_is_ignored(tmp_path):
    path = make_site_file(tmp_path)
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert read_settings(path)["site"]["name"] == SETTINGS["site"]["name"]
    commands_of(path)


def test_the_environment_fills_in(tmp_path):
    path = make_site_file(
        tmp_path,
        site={
            "name": {"env": "CITY"},
            "short_name": {"env": "SHORT", "default": "so"},
            "secret": {"env": "SECRET"},
        },
    )
    site = Site(path, environ={"CITY": "شهر", "SECRET": "s" * 32})
    assert (site.name, site.short_name) == ("شهر", "so")
    site.engines.dispose()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({}, r"notifications\.transport: 'memory' is not for production"),
        ({"notifications": {"transport": "sms"}}, r"site\.public_url: production needs"),
        (
            {"notifications": {"transport": "sms"}, "site": {"public_url": "http://city.example"}},
            r"site\.public_url: production needs",
        ),
    ],
)
def test_production_is_strict(tmp_path, overrides, message):
    site = {"mode": "production", **overrides.get("site", {})}
    with pytest.raises(ConfigurationError, match=message):
        assemble(tmp_path, **{**overrides, "site": site})


@pytest.mark.parametrize("secret", ["", "short"])
def test_production_needs_a_secret(tmp_path, secret):
    path = make_site_file(
        tmp_path,
        site={"mode": "production", "public_url": "https://city.example", "secret": {"env": "SECRET"}},
        notifications={"transport": "sms"},
    )
    with pytest.raises(ConfigurationError, match=r"site\.secret: needs 32 bytes"):
        Site(path, environ={"SECRET": secret})


def test_which_site(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CIVICPORTAL_SITE", raising=False)
    here = make_site_file(tmp_path)
    assert find_site().resolve() == here
    monkeypatch.setenv("CIVICPORTAL_SITE", "elsewhere/site.toml")
    assert str(find_site()) == "elsewhere/site.toml"
    assert str(find_site("given.toml")) == "given.toml"


def test_the_test_site_is_read_back_as_it_was_written():
    assert tomllib.loads(to_toml(SETTINGS)) == SETTINGS


@pytest.mark.parametrize(
    ("written", "read"),
    [("", []), ("127.0.0.1", ["127.0.0.1"]), (["10.0.0.5", "10.0.1.0/24"], ["10.0.0.5", "10.0.1.0/24"])],
)
def test_proxies_are_one_or_several(tmp_path, written, read):
    path = make_site_file(tmp_path, site={"trusted_proxy": written})
    assert read_settings(path)["site"]["trusted_proxy"] == read
