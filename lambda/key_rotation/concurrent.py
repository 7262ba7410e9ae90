"""Work done side by side, by a bounded number of threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def map_concurrent[T, R](work: Callable[[T], R], items: Sequence[T], max_workers: int) -> list[R]:
    """The results of `work` for each item, in the items' order; they are begun in that order too.

    At most `max_workers` run at a time. With 1, or for a single item, no thread is started.
    The first item (in order) that raises ends it: what is running is waited for, what has not
    begun is dropped, and its error is raised.
    """
    if max_workers == 1 or len(items) <= 1:
        return [work(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor  # a quiet run has no use for it

    with ThreadPoolExecutor(min(max_workers, len(items)), thread_name_prefix="user") as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
