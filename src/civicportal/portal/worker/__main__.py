"""``python -m civicportal.portal.worker``: the worker started by ``civicportal serve``."""

import argparse
import sys
from pathlib import Path

from civicportal.core.logging import setup_logging
from civicportal.core.site import Site
from civicportal.portal.worker.process import Worker


def main(arguments: list[str]) -> None:
    """Run the worker of a site."""
    parser = argparse.ArgumentParser(prog="python -m civicportal.portal.worker")
    parser.add_argument("site", type=Path)
    parser.add_argument("--parent", type=int)
    options = parser.parse_args(arguments)
    setup_logging()
    Worker(Site(options.site), parent=options.parent).run()


main(sys.argv[1:])
