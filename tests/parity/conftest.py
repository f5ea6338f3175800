"""Makes the modules beside it importable, under names that no other test has."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).parent
FILES = [HERE / f"{name}.py" for name in ("meaning", "differences", "pipelines", "record")]
for path in [*FILES, HERE.parent / "sagemaker" / "judge.py"]:
    spec = importlib.util.spec_from_file_location(f"parity_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
