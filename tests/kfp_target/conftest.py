"""Lets the tests beside this file import its helpers: kfp_graphs, kfp_judge, kfp_backend."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
