"""The workflow as a table, and the texts that go with it."""

import pytest
from civicportal_parking_permits.messages import MESSAGES
from civicportal_parking_permits.names import KIND, PAYMENT
from civicportal_parking_permits.workflow import PERMITS, WORKFLOW

from civicportal.api.notifications import SmsLength

STAFF = {
    "applied": {"check": "checked", "refuse": "refused"},
    "checked": {"ask_payment": "payment_due", "refuse": "refused"},
    "payment_due": {"record_payment": "paid", "refuse": "refused"},
    "paid": {"issue": "issued"},
    "issued": {},
    "expired": {},
    "refused": {"reopen": "applied"},
    "withdrawn": {},
}
CITIZEN = {
    **{key: {} for key in STAFF},
    **{key: {"withdraw": "withdrawn"} for key in ("applied", "checked", "payment_due")},
}
SYSTEM = {**{key: {} for key in STAFF}, "issued": {"expire": "expired"}}
SAMPLE = {
    "TRACK": "1234567890",
    "SITE": "Rivertown",
    "FEE": "f" * 25,
    "DATE": "2026/11/26",
    "UNIT": "u" * 25,
    "STATUS": "Documents checked",
}


@pytest.mark.parametrize(("actor", "table"), [("staff", STAFF), ("citizen", CITIZEN), ("system", SYSTEM)])
def test_steps_are_those_of_the_table(actor, table):
    found = {
        state.name: {step.name: step.target for step in WORKFLOW.from_state(state.name, actor)}
        for state in WORKFLOW.states
    }
    assert found == table


def test_the_kind_is_sound():
    PERMITS.check()


def test_money_is_recorded_by_a_right_of_its_own():
    assert WORKFLOW.step("payment_due", "record_payment").permission == PAYMENT


def test_every_state_has_a_text():
    states = {f"{KIND}.{state.name}" for state in WORKFLOW.states}
    assert states | {f"{KIND}.referred", f"{KIND}.reopened"} <= {message.key for message in MESSAGES}


def test_texts_name_their_fields_and_fit_into_one_part():
    for message in MESSAGES:
        named = {part.partition("}")[0] for part in str(message.text).split("{")[1:]}
        assert named == set(message.fields), message.key
        assert SmsLength.of(str(message.text).format(**SAMPLE)).parts == 1, message.key
