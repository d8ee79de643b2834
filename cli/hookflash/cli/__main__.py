"""`python -m hookflash.cli`: the command where no script of it is installed."""

import sys

from hookflash.cli.main import main

sys.exit(main())
