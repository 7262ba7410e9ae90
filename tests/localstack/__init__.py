"""The embedded LocalStack: AWS on this machine, without Docker and without an account."""

import sys

if sys.version_info < (3, 12):  # noqa: UP036 - whatever python3 a machine has comes by here
    sys.exit("Python 3.12 or newer is needed; this is Python " + sys.version.split()[0])
