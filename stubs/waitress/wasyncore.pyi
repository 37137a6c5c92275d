def close_all(map: dict[int, object] | None = None) -> None: ...
def loop(
    timeout: float = 30.0,
    use_poll: bool = False,
    map: dict[int, object] | None = None,
    count: int | None = None,
) -> None: ...
