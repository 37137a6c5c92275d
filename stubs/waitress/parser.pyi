from waitress.adjustments import Adjustments

class ParsingError(Exception): ...

class HTTPRequestParser:
    adj: Adjustments
    chunked: bool
    headers: dict[str, str]
    path: str
    def __init__(self, adj: Adjustments) -> None: ...
    def parse_header(self, header_plus: bytes) -> None: ...
