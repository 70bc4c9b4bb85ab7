from __future__ import annotations

import pytest

from reactor_env.runtime import LocalRuntime


@pytest.mark.parametrize("fps", [0, -5.0])
def test_an_fps_that_is_not_positive_is_refused(fps: float) -> None:
    with pytest.raises(ValueError, match="`fps` must be positive"):
        LocalRuntime("catch", fps=fps)
