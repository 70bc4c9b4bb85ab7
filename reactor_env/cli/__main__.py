"""``python -m reactor_env.cli``."""

import sys

from reactor_env.cli import main

if __name__ == "__main__":
    sys.exit(main())
