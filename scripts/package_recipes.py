"""Builds function.zip of each recipe in examples/delivery that has a function, as scripts.package.

    python -m scripts.package_recipes           writes the zips that are stale
    python -m scripts.package_recipes --check   changes nothing; exits with 1 if one is stale

Standard library only, so that it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.package import build, entries

RECIPES = Path(__file__).resolve().parent.parent / "examples" / "delivery"


def sources(recipe: Path) -> dict[str, bytes]:
    """The files of a recipe's function by name, sorted."""
    return {path.name: path.read_bytes() for path in sorted(recipe.glob("function/*.py"))}


def is_stale(file: Path, built: bytes) -> bool:
    """Whether a zip holds anything else than the built one; zlib's output may differ."""
    try:
        return entries(file.read_bytes()) != entries(built)
    except (FileNotFoundError, ValueError):
        return True


def main(recipes: Path = RECIPES) -> int:
    parser = argparse.ArgumentParser(description="Builds function.zip of each recipe.")
    parser.add_argument("--check", action="store_true", help="compare, change nothing")
    check = parser.parse_args().check
    folders = sorted(folder.parent for folder in recipes.glob("*/function"))
    for folder in folders:
        file, built = folder / "function.zip", build(sources(folder))
        stale = is_stale(file, built)
        name = file.relative_to(recipes)
        if stale and check:
            text = f"error: {name} is not what the sources build; run: make package"
            print(text, file=sys.stderr)
            return 1
        if stale:
            file.write_bytes(built)
        print(f"recipe: {'written' if stale else 'unchanged'}: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
