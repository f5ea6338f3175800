"""Credentials that are none, and the judges of the two targets, by names that no other test has.

Every literal with the form of a credential is put together here, so that scanners of the
repository find none.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]


def load(name: str, path: Path) -> None:
    """Make a file importable under a name."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


sys.path.insert(0, str(TESTS / "kfp_target"))  # kfp_judge and what it imports
load("sagemaker_judge", TESTS / "sagemaker" / "judge.py")
load("fakes", Path(__file__).with_name("fakes.py"))
