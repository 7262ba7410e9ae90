"""For all tests that pytest runs."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
