"""Where a load runs: `python -m hookflash.cli.bench.apart MODULE FUNCTION`, arguments on stdin, the result on stdout.

Both are JSON. What the function prints goes to stderr, so that the result stands alone.
"""

import asyncio
import json
import sys
from contextlib import redirect_stdout
from importlib import import_module


def _main() -> None:
    module, function = sys.argv[1:]
    job = json.load(sys.stdin)
    with redirect_stdout(sys.stderr):
        result = asyncio.run(getattr(import_module(module), function)(*job["arguments"], **job["named"]))
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    _main()
