"""`python3 -m isodag.runtime COMPONENT --name value …`"""

from __future__ import annotations

import sys

from isodag.runtime import program

if __name__ == "__main__":
    program.prepare_streams()
    program.leave(program.main(sys.argv[1:]))
