"""`python scripts/accounts`: copy this folder into your repo; it needs nothing but Python 3.12."""

import sys

if sys.version_info < (3, 12):  # noqa: UP036 - what an older one shows
    sys.exit("error: this needs Python 3.12 or newer; this is " + sys.version.split()[0])

from key_rotation_accounts.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], f"python {sys.argv[0]}"))
