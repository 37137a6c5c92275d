def check_csrf_origin(
    request: object,
    *,
    trusted_origins: list[str] | None = None,
    allow_no_origin: bool = False,
    raises: bool = True,
) -> bool: ...
def check_csrf_token(
    request: object, token: str = "csrf_token", header: str = "X-CSRF-Token", raises: bool = True
) -> bool: ...
