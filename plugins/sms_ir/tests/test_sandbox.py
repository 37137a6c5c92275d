"""A key of the type Sandbox, and the way out of free texts."""

import pytest
from civicportal_sms_ir.sending import free_text

from civicportal.api.notifications import Message
from civicportal.testing.sms_simulator import SANDBOX_KEY

OPT_OUT = "لغو11"


@pytest.fixture
def civic_settings(sms_settings):
    return sms_settings(api_key=SANDBOX_KEY, sandbox=True)


@pytest.mark.parametrize("kind", ["petitions.registered", "petitions.done"])
def test_everything_takes_the_one_template_there_is(messages, provider, kind):
    messages.queue(kind)
    messages.deliver()
    assert messages.states() == ["sent"]
    (entry,) = provider.entries()
    assert entry["body"]["templateId"] == 123456
    assert [item["name"] for item in entry["body"]["parameters"]] == ["CODE"]
    assert provider.sent == []


def test_a_text_to_many_goes_in_bulk_and_reaches_no_phone(crowd, provider):
    crowd.queue(3)
    crowd.deliver()
    assert crowd.states() == {"sent": 3}
    assert crowd.calls() == [3]
    assert provider.sent == []


class TestFreeTexts:
    @pytest.fixture
    def civic_settings(self, sms_settings):
        return sms_settings(opt_out=OPT_OUT)

    def test_they_show_the_way_out_once(self, messages, provider):
        messages.queue("petitions.done", lane="broadcasts")
        messages.deliver("broadcasts")
        assert provider.sent[0].text == f"{messages.rows()[0].text}\n{OPT_OUT}"

    def test_what_was_sent_with_it_is_found_again(self, messages, provider, clock):
        provider.script.append("lost")
        messages.queue("petitions.done")
        messages.deliver()
        clock.advance(minutes=2)
        messages.deliver()
        assert messages.states() == ["sent"]
        assert len(provider.sent) == 1

    def test_codes_and_templates_are_left_alone(self, messages, provider):
        messages.queue("otp.mobile_change", lane="codes", CODE="493817")
        messages.queue("petitions.registered")
        messages.deliver("codes")
        messages.deliver()
        assert all(OPT_OUT not in sms.text for sms in provider.sent)


@pytest.mark.parametrize("ending", [OPT_OUT, "لغو۱۱", "لغو 11 "])
def test_who_has_written_it_otherwise_gets_it_once(ending):
    message = Message(
        id=1, kind="news", lane="broadcasts", recipient="+989000000001", text=f"خبر\n{ending}", fields={}
    )
    assert free_text(message, OPT_OUT) == message.text
