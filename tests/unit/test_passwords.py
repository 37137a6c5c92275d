import threading

import pytest

from civicportal.domain.accounts import passwords
from civicportal.domain.accounts.passwords import (
    check_password_policy,
    hash_password,
    needs_rehash,
    verify_password,
)

WORDS = ["شهرِمَن", "shahreman", "شهردار", "karshenas", "a.ahmadi"]


def refused(password, minimum=8):
    return check_password_policy(password, minimum=minimum, words=WORDS)


def test_the_right_password_passes_and_others_do_not():
    hashed = hash_password("اسب درست باتری گیره")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert verify_password(hashed, "اسب درست باتری گیره")
    assert not verify_password(hashed, "اسب درست باتری")


def test_without_an_account_the_work_is_done_and_the_answer_is_no(monkeypatch):
    checked = []
    real = passwords._hasher

    class Spy:
        def verify(self, hashed, password):
            checked.append(hashed)
            return real.verify(hashed, password)

    monkeypatch.setattr(passwords, "_hasher", Spy())
    assert not verify_password(None, "anything")
    assert len(checked) == 1
    assert not real.check_needs_rehash(checked[0])


@pytest.mark.parametrize("broken", ["", "x", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv"])
def test_a_broken_hash_refuses_the_sign_in(broken):
    assert not verify_password(broken, "anything")


def test_both_ways_of_composing_a_letter_are_one_password():
    assert verify_password(hash_password("caf\u00e9 caf\u00e9"), "cafe\u0301 cafe\u0301")


def test_nothing_is_cut_off():
    assert not verify_password(hash_password("a" * 90 + "b" * 10), "a" * 90 + "c" * 10)
    assert not verify_password(hash_password("a\x00b"), "a\x00c")


def test_half_a_character_is_no_error():
    assert not verify_password(hash_password("x" * 9), "\ud800")


def test_old_parameters_are_seen():
    weak = passwords.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("x")
    assert needs_rehash(weak)
    assert not needs_rehash(hash_password("x"))


def test_at_most_two_hashes_run_at_once(monkeypatch):
    running, most, lock = 0, 0, threading.Lock()
    both = threading.Barrier(2)

    class Counting:
        def hash(self, password):
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            both.wait(timeout=60)
            with lock:
                running -= 1
            return ""

    monkeypatch.setattr(passwords, "_hasher", Counting())
    threads = [threading.Thread(target=hash_password, args=("x",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


@pytest.mark.parametrize(
    "password",
    [
        "گربه روی دیوار ۷",
        "correct horse battery",
        "x7#k29!q$1a",
        "l9#2o!44v8e",
        "م" * 3 + "یخ‌فروش نیشابور",
        "گل" + "ابی" * 40,
    ],
)
def test_good_passwords_pass(password):
    assert refused(password) is None


def test_length_counts_code_points_after_composing():
    assert "at least" in refused("x7#k29!")
    assert refused("x7#k29!q") is None
    assert "at least" in refused("e\u0301" * 4)
    assert "at least" in refused("x7#k29!q$1a", minimum=12)
    assert refused("گب" * 3 + "x7" + "ژ" * 120) is None
    assert "at most" in refused("x7#k29!" + "پ" * 122)


@pytest.mark.parametrize(
    "password",
    [
        "password", "PASSWORD", "12345678", "۱۲۳۴۵۶۷۸", "٨٧٦٥٤٣٢١", "qwertyuiop", "iloveyou", "p a s s w o r d", "password1402!", "!!password!!",
        "doostetdaram", "DoosetDaram", "شسیبلاتن", "دوستت دارم", "يا حسين ۱۴", "یا‌حسین‌مظلوم", "salamsalam12",
        "09121234567", "+989121234567", "۰۹۱۲۱۲۳۴۵۶۷", "13701012", "1370/01/12", "19990101", "aaaaaaaaa", "abcabcabc", "ｐａｓｓｗｏｒｄ",
    ],
)  # fmt: skip
def test_common_passwords_are_refused(password):
    assert "easy to guess" in refused(password)


@pytest.mark.parametrize(
    "password",
    ["1234567890123", "۱۲۳۴۵۶۷۸۹۰۱۲۳", "abcdefgh", "hgfedcba", "qwerty123456", "12345678912", "aaaabbbb1111", "ضصثقفغعه", "ابپتثجچح"],
)  # fmt: skip
def test_a_few_rows_of_keys_or_of_the_alphabet_are_refused(password):
    assert "easy to guess" in refused(password)


@pytest.mark.parametrize(
    "password",
    [
        "shahreman123",
        "Shahreman!!",
        "شهرمن۱۲۳۴",
        "شهرِمَن-۱۴۰۲",
        "karshenas.shahreman",
        "a.ahmadi.88",
        "۱۲۳۴شهرداری",
    ],
)
def test_words_of_the_site_are_refused(password):
    assert refused(password) is not None


def test_a_word_of_the_site_within_a_long_password_is_no_harm():
    assert refused("shahreman گربه روی دیوار") is None


def test_the_local_list_is_long_enough():
    assert len(passwords._common()) >= 10_000
