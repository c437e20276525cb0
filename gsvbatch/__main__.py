"""``python -m gsvbatch``."""

import sys

from gsvbatch.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
