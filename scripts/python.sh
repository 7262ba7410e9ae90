#!/bin/sh
# Prints a Python of at least 3.12: $PYTHON, or the first that is found. pyenv hides what .python-version does not name, and
# is asked for the others last.
names="python3.14 python3.13 python3.12"
hidden() { for name in $names; do pyenv whence --path "$name" 2>/dev/null; done; }
for candidate in ${PYTHON:-python3 $names $(hidden)}; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
    command -v "$candidate"
    exit 0
  fi
done
wanted="Python 3.12 or newer is needed"
if [ -n "${PYTHON:-}" ]; then
  found=$("$PYTHON" --version 2>&1) || found="no Python that runs"
  echo "error: $wanted, and PYTHON=$PYTHON is $found" >&2
else
  found=$(python3 --version 2>&1) || found="none"
  echo "error: $wanted, found: $found; set PYTHON=/path/to/python3" >&2
fi
exit 1
