"""Buttons of the rows of a list."""

from urllib.parse import urlsplit

from webtest import TestResponse


def press_row(page: TestResponse, url: str, value: str) -> TestResponse:
    """Press the button of a row, and return the page to which it leads: the list, at the same row.

    :param url: to which the button posts.
    :param value: "up" or "down" of a button that moves the row; "true" or "false" of one that switches it.
    """
    form = next(one for one in page.forms.values() if one.action == url)
    if "direction" in form.fields:
        answer = form.submit("direction", value=value, status=303)
    else:
        assert form["active"].value == value
        answer = form.submit(status=303)
    row = urlsplit(answer.location).fragment
    assert page.html.select_one(f"[id='{row}'] form[action='{url}']")
    back = answer.follow(status=200)
    assert back.html.find(id=row)
    return back
