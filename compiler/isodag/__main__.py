"""`python -m isodag`."""

from isodag.cli import entry

entry()
