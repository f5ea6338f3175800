"""Lets the tests beside this file import planted_cases and planted_isodag."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
