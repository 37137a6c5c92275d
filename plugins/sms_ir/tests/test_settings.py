"""What ``site.toml`` may say, what stops the start, and what ``civicportal check`` and ``sms-ir`` say."""

import pytest
from civicportal_sms_ir.commands import sms_ir
from civicportal_sms_ir.doctor import findings
from civicportal_sms_ir.settings import refuse_unfit
from click.testing import CliRunner

from civicportal.api.plugins import ConfigurationError
from civicportal.testing import make_site, make_site_file

SECURE = {"mode": "production", "public_url": "https://city.example"}


def start(folder, site=None, **table):
    tables = {
        "site": {"plugins": ["sms_ir"], **(site or {})},
        "notifications": {"transport": "sms_ir"},
        "plugins": {"sms_ir": table},
    }
    made = make_site(make_site_file(folder, **tables))
    refuse_unfit(made)
    return made


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"api_key": 7}, r"plugins\.sms_ir\.api_key: must be a string"),
        ({"key": "x"}, r"plugins\.sms_ir: unknown key 'key'"),
        ({"line": "+98 3000"}, r"plugins\.sms_ir\.line: must be the digits"),
        ({"line": "۳۰۰۰"}, r"plugins\.sms_ir\.line: must be the digits"),
        ({"base_url": "http://api.sms.ir"}, r"plugins\.sms_ir\.base_url: must begin with https://"),
        ({"base_url": "https://"}, r"plugins\.sms_ir\.base_url: must begin with https://"),
        ({"sandbox": "yes"}, r"plugins\.sms_ir\.sandbox: must be true or false"),
        ({"low_credit": -1}, r"plugins\.sms_ir\.low_credit: "),
        ({"templates": "x"}, r"plugins\.sms_ir\.templates: must be a table"),
        ({"templates": {"otp.login": {}}}, r"plugins\.sms_ir\.templates\.otp\.login\.id: Required"),
        ({"templates": {"otp.login": {"id": "7"}}}, r"plugins\.sms_ir\.templates\.otp\.login\.id: must be"),
        ({"templates": {"a.b": {"id": 1.5}}}, r"plugins\.sms_ir\.templates\.a\.b\.id: must be the number"),
        ({"templates": {"a.b": {"id": 1, "text": "x"}}}, r"templates\.a\.b: unknown key 'text'"),
        ({"templates": {"a.b": {"id": 1, "parameters": ["CODE"]}}}, r"a\.b\.parameters: must look like"),
        ({"api_key": ""}, r"plugins\.sms_ir\.api_key: the transport sms_ir needs a key"),
    ],
)
def test_hook_register_settings_is_strict(tmp_path, table, message):
    with pytest.raises(ConfigurationError, match=message):
        start(tmp_path, **table)


def test_production_needs_a_key_and_the_real_provider(tmp_path):
    with pytest.raises(ConfigurationError, match=r"api_key: the transport"):
        start(tmp_path, SECURE)
    with pytest.raises(ConfigurationError, match=r"base_url: .* is not for production"):
        start(tmp_path, SECURE, api_key="x", base_url="http://127.0.0.1:8000")
    start(tmp_path, SECURE, api_key="x", line="3000", templates={"otp.login": {"id": 7}})


def test_a_site_with_another_transport_needs_nothing(tmp_path):
    made = make_site(make_site_file(tmp_path, site={"plugins": ["sms_ir"]}))
    refuse_unfit(made)
    with made.work(write=False) as work:
        assert list(findings(work)) == []


@pytest.fixture
def look(site, provider):
    def look(**changes):
        with pytest.MonkeyPatch.context() as patch, site.work(write=False) as work:
            patch.setitem(site.plugin_settings, "sms_ir", {**site.plugin_settings["sms_ir"], **changes})
            return {finding.place: (finding.level, finding.text.interpolate()) for finding in findings(work)}

    return look


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("bad_key", "وضعیت 10: کلید وب‌سرویس نامعتبر است"),
        ("redirect", "کد HTTP 302 بدون پاسخی از sms.ir"),
    ],
)
def test_what_the_provider_answers_is_told_in_any_language(site, provider, mode, words):
    provider.mode = mode
    with site.work(write=False) as work:
        finding = next(one for one in findings(work) if one.place == "plugins.sms_ir.api_key")
    assert site.localizer("fa").translate(finding.text.mapping["error"]) == words


def test_hook_check_site_names_texts_without_templates(site, look):
    assert set(look()) == {"plugins.sms_ir.templates"}
    level, text = look()["plugins.sms_ir.templates"]
    assert level == "warning"
    assert "petitions.done" in text
    assert "petitions.registered" not in text
    assert look(line="")["plugins.sms_ir.templates"][0] == "error"
    templates = {key: {"id": 1, "parameters": {}} for key in site.messages}
    assert look(templates=templates) == {}


def test_check_site_names_all_texts_of_a_plugin_shortly(look):
    _level, text = look(templates={})["plugins.sms_ir.templates"]
    assert "inbound.*" in text
    assert "petitions.*" in text
    assert "petitions.done" not in text


def test_check_site_knows_templates_of_languages(site, look, monkeypatch):
    monkeypatch.setattr(site, "languages", ("fa", "en"))
    template = {"id": 1, "parameters": {}}
    both = {f"{key}@{language}": template for key in site.messages for language in ("fa", "en")}
    assert look(templates=both) == {}
    del both["petitions.done@en"]
    assert look(templates=both)["plugins.sms_ir.templates"][1].endswith(": petitions.done@en")
    found = look(templates=both | {"petitions.done@de": template, "petitions.done": template})
    assert list(found) == ["plugins.sms_ir.templates.petitions.done@de"]


def test_check_site_looks_at_the_account(look, provider):
    provider.credit = 499
    assert look()["plugins.sms_ir"] == ("warning", "the credit is down to 499")
    assert look(line="3000")["plugins.sms_ir.line"][0] == "error"
    assert look(sandbox=True)["plugins.sms_ir.sandbox"][0] == "warning"
    provider.mode = "bad_key"
    assert look()["plugins.sms_ir.api_key"][0] == "error"
    provider.refuse()
    assert "not reached" in look()["plugins.sms_ir.api_key"][1]


def test_check_site_looks_at_the_parameters(look):
    templates = {
        "petitions.registered": {"id": 1, "parameters": {"TRACK": "TRACK", "CITY": "CITY"}},
        "petitions.never": {"id": 2, "parameters": {}},
    }
    found = look(templates=templates)
    assert found["plugins.sms_ir.templates.petitions.registered.parameters.CITY"][0] == "error"
    assert found["plugins.sms_ir.templates.petitions.never"][0] == "warning"


def test_check_site_looks_at_what_arrives(site, clock, messages, provider, look):
    from civicportal_sms_ir.deliveries import poll_deliveries

    for number in range(20):
        messages.queue(TRACK=f"40590312{number:02}")
    messages.deliver()
    for sms in provider.sent:
        sms.delivery_state = 2 if sms.message_id % 4 == 0 else 1
    clock.advance(minutes=1)
    poll_deliveries(site)
    assert look()["plugins.sms_ir"] == ("warning", "5 of the 20 messages of the last day did not arrive")


@pytest.fixture
def run(site, provider):
    def run(*arguments):
        return CliRunner(env={"CIVICPORTAL_SITE": str(site.path)}).invoke(sms_ir, arguments)

    return run


def test_commands_ask_the_provider(run, provider):
    assert run("credit").output == "1000\n"
    assert run("lines").output == "30001234\n"
    result = run("test", "0900 000 0009")
    assert result.output == f"sent, number {provider.sent[0].message_id}\n"
    assert (provider.sent[0].mobile, provider.sent[0].template_id) == ("09000000009", 2001)
    run("test", "09000000009", "--text", "otp.mobile_change")
    assert provider.sent[1].template_id is None
    assert "no text 'nothing'" in run("test", "09000000009", "--text", "nothing").output
    assert run("test", "021").exit_code != 0
    provider.mode = "bad_key"
    assert "not valid" in str(run("credit").exception)


def test_texts_are_shown_as_the_panel_wants_them(run):
    output = run("templates").output
    assert "کد ورود: #CODE#" in output
    assert '"otp.login.short" = { id = 0, parameters = { CODE = "CODE" } }' in output
    assert "{" not in output.replace(" = {", "").replace("parameters = {", "")
