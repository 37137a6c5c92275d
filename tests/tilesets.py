"""Sets of map tiles of the example city, drawn by its own tool."""

import importlib.util
from pathlib import Path

TOOL = Path(__file__).parents[1] / "examples/shahreman_site/tools/make_tiles.py"
ZOOMS = range(11, 15)


def make_tiles(path: Path, zooms: range = ZOOMS) -> Path:
    """Write a tile set; the ending says of which kind."""
    spec = importlib.util.spec_from_file_location("make_tiles", TOOL)
    assert spec
    assert spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    tool.make(path, zooms)
    return path
