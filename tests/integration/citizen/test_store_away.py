"""Pictures lie on another machine, and that machine does not answer: all else goes on."""

from typing import Any

import pytest

from civicportal.core.storage import S3Storage, StorageUnavailable
from civicportal.portal.doctor.services import findings

NOBODY = {"bucket": "pictures", "endpoint": "http://127.0.0.1:9", "access_key": "a", "secret_key": "b"}


@pytest.fixture
def goes_away(site: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function after which the store of the site is a service that does not answer."""
    monkeypatch.setattr("civicportal.core.storage.s3.RETRIES", 0)
    return lambda: monkeypatch.setattr(site, "storage", site.guarded(S3Storage(**NOBODY)))


def send(browser: Any, data: bytes, status: int) -> Any:
    files = [("file", "x.jpg", data)]
    return browser.post("/uploads", {"csrf_token": browser.token()}, upload_files=files, status=status)


def test_a_picture_is_not_kept_and_the_form_says_so(browser: Any, picture: bytes, goes_away: Any) -> None:
    goes_away()
    assert "تصویر" in send(browser, picture, 422).json["message"]


def test_a_kept_picture_is_shown_later(browser: Any, picture: bytes, goes_away: Any) -> None:
    address = send(browser, picture, 200).json["url"]
    tag = browser.get(address).headers["ETag"]
    goes_away()
    away = browser.get(address, status=503)
    assert int(away.headers["Retry-After"]) > 0
    assert "S3Storage" not in away.text
    assert NOBODY["endpoint"] not in away.text
    # Who has it already needs no store.
    browser.get(address, headers={"If-None-Match": tag}, status=304)
    assert browser.get("/readyz").status_int == 200


def test_the_doctor_says_it(site: Any, goes_away: Any) -> None:
    def places() -> list[str]:
        with site.work(write=False) as work:
            return [finding.place for finding in findings(work)]

    assert "site.files" not in places()
    assert list(site.storage.keys()) == []
    goes_away()
    assert "site.files" in places()


def test_a_sweep_waits_for_the_store(site: Any, goes_away: Any) -> None:
    from civicportal.portal.cleanup import clean_attachments

    goes_away()
    with pytest.raises(StorageUnavailable):
        clean_attachments(site)
