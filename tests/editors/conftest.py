"""Lets the tests beside this file import its helpers: editors_untidy, language_server."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
