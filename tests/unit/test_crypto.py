import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicportal.core.crypto import MARK, CannotDecrypt, Keys, new_token, same, token_hash

SECRET = b"s" * 32
OLD, NEW = b"o" * 32, b"n" * 32


@pytest.fixture
def keys():
    return Keys(SECRET, [NEW, OLD])


@pytest.mark.parametrize(
    ("secret", "pii_keys"), [(b"short", [OLD]), (SECRET, []), (SECRET, [b"x" * 31]), (SECRET, [OLD, b""])]
)
def test_short_or_missing_keys_are_refused(secret, pii_keys):
    with pytest.raises(ValueError):
        Keys(secret, pii_keys)


def test_keys_do_not_show_themselves(keys):
    assert "s" * 8 not in repr(keys)
    assert "n" * 8 not in repr(keys)


def test_each_purpose_has_its_own_stable_key(keys):
    assert keys.derive("session") == Keys(SECRET, [OLD]).derive("session")
    assert len({keys.derive(purpose) for purpose in ("session", "otp", "csrf")} | {SECRET}) == 4
    assert len(keys.derive("session")) == 32


@given(st.lists(st.text()), st.lists(st.text()))
def test_mac_tells_every_list_of_parts_apart(left, right):
    keys = Keys(SECRET, [OLD])
    assert (keys.mac("p", *left) == keys.mac("p", *right)) == (left == right)


def test_mac_depends_on_purpose_and_secret(keys):
    assert keys.mac("a", "x") != keys.mac("b", "x")
    assert keys.mac("a", "x") != Keys(b"t" * 32, [OLD]).mac("a", "x")


@given(st.text())
def test_what_was_encrypted_is_read_again(text):
    keys = Keys(SECRET, [NEW])
    assert keys.decrypt(keys.encrypt(text)) == text


def test_two_encryptions_differ(keys):
    assert keys.encrypt("0499370899") != keys.encrypt("0499370899")


def test_a_new_key_in_front_reads_old_texts_and_says_which_to_renew(keys):
    old = Keys(SECRET, [OLD]).encrypt("متن")
    assert keys.decrypt(old) == "متن"
    assert old[:MARK] in keys.older_marks
    assert keys.encrypt("متن")[:MARK] == keys.newest_mark


def test_a_key_that_was_dropped_is_named(keys):
    with pytest.raises(CannotDecrypt, match="unknown key"):
        Keys(SECRET, [OLD]).decrypt(keys.encrypt("x"))


def test_every_changed_character_is_noticed(keys):
    encrypted = keys.encrypt("0499370899")
    for index, letter in enumerate(encrypted):
        other = "A" if letter != "A" else "B"
        with pytest.raises(CannotDecrypt):
            keys.decrypt(encrypted[:index] + other + encrypted[index + 1 :])


@pytest.mark.parametrize("junk", ["", "x", "سلام", "AAAA", "!" * 60, "A" * 24, "A" * 400])
def test_junk_cannot_be_decrypted(keys, junk):
    with pytest.raises(CannotDecrypt):
        keys.decrypt(junk)


def test_blind_index_survives_a_change_of_pii_keys(keys):
    assert keys.blind_index("0499370899") == Keys(SECRET, [OLD]).blind_index("0499370899")
    assert keys.blind_index("0499370899") != keys.blind_index("0499370898")
    assert keys.blind_index("x") != hashlib.sha256(b"x").hexdigest()


def test_codes_come_from_the_nonce_and_have_all_digits(keys):
    codes = [keys.otp_code(number.to_bytes(16, "big")) for number in range(20_000)]
    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in codes)
    assert keys.otp_code(b"\x00" * 16) == codes[0]
    first = Counter(code[0] for code in codes)
    # Chi-squared with 9 degrees of freedom: 27.9 is passed once in a thousand by chance; these nonces are fixed.
    assert sum((first[digit] - 2000) ** 2 / 2000 for digit in "0123456789") < 27.9


def test_a_code_matches_its_own_nonce_only(keys):
    nonce = b"n" * 16
    assert keys.otp_matches(nonce, keys.otp_code(nonce))
    assert not keys.otp_matches(b"m" * 16, keys.otp_code(nonce))
    assert not keys.otp_matches(nonce, "")
    assert not keys.otp_matches(nonce, "۱۲۳۴۵۶\ud800")


def test_tokens_are_long_random_and_stored_as_hashes():
    assert len({new_token() for _ in range(1000)}) == 1000
    assert len(new_token()) == 43
    assert token_hash("abc") == hashlib.sha256(b"abc").hexdigest()


def test_same_compares_text_and_bytes():
    assert same("س", "س".encode())
    assert not same("a", "b")
    assert not same("a", "")
