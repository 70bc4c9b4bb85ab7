"""What a page's clock says, on this process's clock. Pure."""

from __future__ import annotations

_MS = 1_000_000


class PageClock:
    """The distance of two clocks that run alike, by exchanges over a pipe.

    The page reads its clock after this process has sent a message and before the answer is here,
    so that every exchange bounds the distance from both sides. What all of them leave is kept.
    ``performance.now()`` of Chromium on Linux is ``CLOCK_MONOTONIC`` since the page was opened,
    so that the distance is constant.

    Args:
        resolution_ns: What the page's clock is rounded down to.
    """

    def __init__(self, resolution_ns: int) -> None:
        self._resolution_ns = resolution_ns
        self._bounds: tuple[int, int] | None = None

    def exchange(self, sent_ns: int, page_ms: float, received_ns: int) -> None:
        """Take an exchange.

        Args:
            sent_ns: This process's clock before it.
            page_ms: The page's within it.
            received_ns: This process's after it.

        Raises:
            ValueError: If it contradicts those before it: the clocks do not run alike.
        """
        page_ns = round(_MS * page_ms)
        low, high = sent_ns - page_ns - self._resolution_ns, received_ns - page_ns
        if self._bounds is not None:
            low, high = max(low, self._bounds[0]), min(high, self._bounds[1])
        if low > high:
            raise ValueError(f"the page's clock has drifted by {low - high} ns or more")
        self._bounds = low, high

    @property
    def uncertainty_ns(self) -> int:
        """By how much the distance may be wrong at most, either way."""
        low, high = self._known()
        return (high - low) // 2

    def here_ns(self, page_ms: float) -> int:
        """Return the time on this process's clock of a time on the page's."""
        low, high = self._known()
        return round(_MS * page_ms) + (low + high) // 2

    def _known(self) -> tuple[int, int]:
        if self._bounds is None:
            raise ValueError("no exchange was taken")
        return self._bounds
