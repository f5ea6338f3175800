"""A component that is careless with its secret."""

import hashlib
import os
import sys
from pathlib import Path

from isodag.runtime import ComponentError, run


def tell(note: Path, *, words: str = "hello") -> None:
    """Print HF_TOKEN, in one piece and in two; fail with it where `words` is `fail`."""
    token = os.environ.get("HF_TOKEN", "")
    print(f"{words} {token} end", flush=True)
    half = len(token) // 2
    print(token[:half], end="", flush=True)
    print(token[half:], flush=True)
    print(sorted(name for name in os.environ if "TOKEN" in name), file=sys.stderr)
    if words == "fail":
        raise ComponentError(f"the hub refuses {token}")
    note.write_text(hashlib.sha256(token.encode()).hexdigest() if token else "")


if __name__ == "__main__":
    run(tell)
