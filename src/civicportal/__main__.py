"""``python -m civicportal``."""

from civicportal.cli import main

main()
