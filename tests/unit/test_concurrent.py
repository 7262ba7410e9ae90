"""Work done side by side: the order, the bound, and what an error does to the rest."""

from __future__ import annotations

import threading

import pytest

from key_rotation.concurrent import map_concurrent


@pytest.mark.parametrize("max_workers", [1, 2, 7, 100])
def test_results_are_in_the_items_order(max_workers: int) -> None:
    barrier = threading.Barrier(min(max_workers, 2))

    def work(item: int) -> int:
        if item < 2 and max_workers > 1:
            barrier.wait(10)  # the first does not end before the second has begun
        return item * item

    assert map_concurrent(work, range(20), max_workers) == [item * item for item in range(20)]


def test_no_more_than_the_width_run_at_a_time() -> None:
    running, most, lock = [0], [0], threading.Lock()

    def work(_item: int) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        threading.Event().wait(0.001)
        with lock:
            running[0] -= 1

    map_concurrent(work, range(50), 3)

    assert 1 <= most[0] <= 3


@pytest.mark.parametrize(("items", "max_workers"), [(range(3), 1), (range(1), 8), (range(0), 8)])
def test_without_need_no_thread_is_started(items: range, max_workers: int) -> None:
    threads = set(map_concurrent(lambda _item: threading.get_ident(), items, max_workers))

    assert threads <= {threading.get_ident()}


@pytest.mark.parametrize("max_workers", [1, 2])
def test_an_error_ends_it_and_what_has_not_begun_is_dropped(max_workers: int) -> None:
    begun = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 0:
            raise KeyboardInterrupt
        threading.Event().wait(0.05)

    with pytest.raises(KeyboardInterrupt):
        map_concurrent(work, range(100), max_workers)

    assert len(begun) < 10
