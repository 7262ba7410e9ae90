"""Builds function.zip of each recipe in examples/delivery that has a function, as scripts.package.

    python -m scripts.package_recipes           writes the zips that are stale
    python -m scripts.package_recipes --check   changes nothing; exits with 1 if one is stale

Standard library only, so that it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.package import build, stale_zip

RECIPES = Path(__file__).resolve().parent.parent / "examples" / "delivery"
SHARED = "rotated_key.py"


def sources(recipe: Path) -> dict[str, bytes]:
    """The files of a recipe's function, and the one that all share, by name, sorted."""
    paths = (*recipe.glob("function/*.py"), recipe.parent / SHARED)
    return {path.name: path.read_bytes() for path in sorted(paths, key=lambda path: path.name)}


def main(recipes: Path = RECIPES) -> int:
    parser = argparse.ArgumentParser(description="Builds function.zip of each recipe.")
    parser.add_argument("--check", action="store_true", help="compare, change nothing")
    check = parser.parse_args().check
    folders = sorted(folder.parent for folder in recipes.glob("*/function"))
    for folder in folders:
        file, built = folder / "function.zip", build(sources(folder))
        stale = stale_zip(file, built)
        name = file.relative_to(recipes)
        if stale and check:
            text = f"error: not what the sources build: {name.parent}/{stale}; run: make package"
            print(text, file=sys.stderr)
            return 1
        if stale:
            file.write_bytes(built)
        print(f"recipe: {'written' if stale else 'unchanged'}: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
