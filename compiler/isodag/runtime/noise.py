"""Imports of native libraries without what they print while they load."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back everything written to file descriptor 2; shown only when the block fails.

    TensorFlow's C++ parts write there before they read TF_CPP_MIN_LOG_LEVEL, so neither that
    variable (set here to errors only) nor sys.stderr can stop them.
    """
    import tempfile  # slow to load, and `--help` must not wait for it

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
