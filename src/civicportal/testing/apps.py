"""A browser without scripts with short failure messages."""

from webtest import AppError, TestApp, TestResponse

MOST_WORDS = 600
"""Characters of a page's text in an error."""
PLACES = (".err-summary", "[data-flash]", ".alert", "main", "body")
"""Where a page says what went wrong; the first that is there is shown."""


class App(TestApp):
    """WebTest's application, with short errors for unexpected statuses."""

    # pytest takes classes of this name for tests.
    __test__ = False

    def _check_status(self, status: object, res: TestResponse) -> None:
        try:
            super()._check_status(status, res)
        except AppError:
            wanted = "200 or 3xx" if status is None else status
            raise AppError(
                f"{res.request.method} {res.request.path_qs} answered {res.status}, not {wanted}: {words(res)}"
            ) from None


def words(response: TestResponse) -> str:
    """Return what a page says, shortened."""
    if response.content_type != "text/html":
        text = response.text if response.charset else response.content_type
    else:
        found = next((place for name in PLACES if (place := response.html.select_one(name))), response.html)
        title = response.html.title
        text = f"{title.text.strip() if title else ''}: {found.get_text(' ', strip=True)}"
    text = " ".join(text.split())
    return text if len(text) <= MOST_WORDS else f"{text[:MOST_WORDS]}…"
