"""`python -m scripts.check_provider FOLDER`: the HCL of the module, its submodules and examples
against the provider whose bindings are in FOLDER (two wheels, see requirements/provider.in)."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.check_provider import bindings, deprecations
from scripts.check_provider.comparison import compare
from scripts.check_provider.configuration import read_folders

ROOT = Path(__file__).resolve().parent.parent.parent
HCL = ("*.tf", "modules/**/*.tf", "examples/**/*.tf")

# Deprecated uses that have to stay, as they are written, and why.
KNOWN_DEPRECATED = {
    'lookup(data.aws_region.current, "id")': "provider 5 has no `region`, and reads this instead",
}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m scripts.check_provider FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    of_bindings, of_notes = _wheel(folder, "cdktn_provider_aws"), _wheel(folder, "pulumi_aws")
    configuration = read_folders(ROOT, HCL)
    types = configuration.types()
    schemas = bindings.load(of_bindings, types)
    notes = deprecations.load(of_notes, types)
    found = compare(configuration, schemas, notes, KNOWN_DEPRECATED)
    versions = ", ".join(sorted({schema.version for schema in schemas.values()}))
    if found.findings:
        print("\n".join(found.findings), file=sys.stderr)
        print(f"error: the HCL does not fit provider {versions}", file=sys.stderr)
        return 1
    print(
        f"provider {versions} has all {found.arguments} arguments and {found.attributes} reads "
        f"of {len(types)} types"
    )
    for text in sorted(found.listed):
        print(f"deprecated, and listed: {text}: {KNOWN_DEPRECATED[text]}")
    return 0


def _wheel(folder: Path, name: str) -> Path:
    wheels = sorted(folder.glob(f"{name}-*.whl"))
    if len(wheels) != 1:
        sys.exit(f"error: {folder} has {len(wheels)} wheels of {name}; run: make check-provider")
    return wheels[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
