"""Where the embedded LocalStack keeps its things: all of them under build/localstack/."""

from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "localstack"

PLUGIN = HERE / "plugin"
"""Put on PYTHONPATH: the plugins and the dist-info that makes LocalStack find them."""

STATE = BUILD / "state"
"""LocalStack's own files, functions' unpacked code among them; emptied at each start."""

LOGS = BUILD / "logs"
"""The output of functions, one file to an execution environment; emptied at each start."""

MAIL = BUILD / "mail"
"""The mails sent, one file each; emptied at each start."""

SERVER_LOG = BUILD / "localstack.log"
LOCK_FILE = BUILD / "server.lock"
SERVER_FILE = BUILD / "server.json"
