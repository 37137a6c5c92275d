"""Reading of TOML files. It imports no library, see :mod:`civicportal.core.installed`."""

import tomllib
from pathlib import Path

from civicportal.util.errors import CivicportalError, ConfigurationError
from civicportal.util.values import Values


class TomlInvalid(CivicportalError):
    """A text that is not TOML; the message says where."""


def parse_toml(text: str) -> Values:
    """Return the tables of a text.

    :raises TomlInvalid: for anything else, numbers of thousands of digits and values nested too deeply included, which
        :mod:`tomllib` refuses with other errors than its own.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise TomlInvalid(str(error)) from None


def read_toml(path: Path) -> Values:
    """Return the tables of a file.

    A byte order mark, which some editors write, is ignored.

    :raises ConfigurationError: when it cannot be read, or is not TOML; the message begins with the path.
    """
    try:
        return parse_toml(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: there is no such file") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except (TomlInvalid, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
