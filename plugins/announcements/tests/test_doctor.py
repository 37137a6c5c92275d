"""What ``civicportal check`` says of announcements."""

import pytest
from civicportal_announcements.doctor import findings


@pytest.mark.parametrize(
    ("word", "wrong"),
    [("لغو11", False), ("لغو۱۱", False), ("برای لغو 11 را بفرستید", False), ("", True), ("خداحافظ", True)],
)
def test_the_way_out_must_be_one_that_the_line_understands(site, monkeypatch, word, wrong):
    monkeypatch.setitem(site.plugin_settings["announcements"], "opt_out", word)
    with site.work(write=False) as work:
        found = [finding.place for finding in findings(work)]
    assert found == (["plugins.announcements.opt_out"] if wrong else [])
