"""Lets the tests here import what they share: the random definitions, and both targets' oracles."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).parent
for folder in (HERE, HERE.parent / "kfp_target"):
    sys.path.insert(0, str(folder))
if "sagemaker_judge" not in sys.modules:
    path = HERE.parent / "sagemaker" / "judge.py"
    spec = importlib.util.spec_from_file_location("sagemaker_judge", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
