from __future__ import annotations

from reactor_env.play.overlay import Overlay

MS = 1_000_000


def test_it_counts_episodes_steps_and_rewards() -> None:
    overlay = Overlay()
    overlay.begin()
    overlay.step(1.0, {}, 0)
    overlay.step(0.5, {}, 100 * MS)
    assert overlay.lines(paused=False)[0] == "episode 1   step 2   return 1.5"
    overlay.begin()
    assert overlay.lines(paused=False)[0] == "episode 2   step 0   return 0"


def test_repeated_frames_do_not_count_as_frames() -> None:
    overlay = Overlay()
    for number in range(5):
        overlay.step(0.0, {"frame_repeated": bool(number % 2)}, number * 100 * MS)
    assert overlay.fps == 5.0


def test_it_says_the_median_of_what_is_known() -> None:
    overlay = Overlay()
    for age in (10.0, 30.0, 20.0):
        overlay.step(0.0, {"frame_age_ms": age, "action_to_frame_ms": None}, 0)
    assert overlay.lines(paused=False)[1] == "frame age 20 ms"


def test_it_says_why_an_episode_is_over_and_that_it_is_paused() -> None:
    overlay = Overlay()
    overlay.step(0.0, {"end": "session lost", "session_lost": "gone\nlog"}, 0)
    assert overlay.lines(paused=True)[-2:] == [
        "over: gone",
        "paused   (p goes on, . makes one step)",
    ]
