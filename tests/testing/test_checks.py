"""Every check: the good environment passes, and an environment that breaks one promise fails it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
from gymnasium.vector import SyncVectorEnv

from reactor_env.testing import SpacesCompliance
from reactor_env.testing.leftovers import Before
from tests.testing.fakes import FakeCompliance, FakeEnv, checks
from tests.testing.faults import FAULTS, GONE, LOSS, PROCESSES, Fault, Make, broken


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    FakeEnv.opened = FakeEnv.open = 0
    GONE.clear()
    yield
    GONE.set()
    for process in PROCESSES:
        process.communicate(b"")
    PROCESSES.clear()


def run(suite: FakeCompliance, name: str) -> None:
    """Call one check as pytest would, and close what it was given."""
    check = getattr(suite, f"test_{name}")
    before, env = Before(), suite.make_env()
    given: dict[str, Any] = {}
    wanted = inspect.signature(check).parameters
    if "env" in wanted:
        given["env"] = env
    if "before" in wanted:
        given["before"] = before
    if "envs" in wanted:
        given["envs"] = suite.make_vector_env()
    if name == "frames_of_another_size_keep_the_observation_space":
        suite.begin(env)
    for case in [{"seed": -1}, {"seed": 2**53}] if "seed" in wanted else [{}]:
        check(**given, **case)


def suite_of(fake: Make, **claims: Any) -> FakeCompliance:
    body = {"fake": staticmethod(fake), "longest_episode": 20, **claims}
    made: FakeCompliance = type("Suite", (FakeCompliance,), body)()
    return made


@pytest.mark.parametrize("name", [name.removeprefix("test_") for name in checks()])
def test_the_good_environment_passes(name: str) -> None:
    run(suite_of(FakeEnv), name)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_broken_environment_fails(fault: Fault) -> None:
    with pytest.raises(fault.kind) as caught:
        run(suite_of(fault.fake, **fault.claims), fault.check)
    text = str(caught.value)
    assert re.search(fault.says, text, re.DOTALL), text
    if fault.kind is AssertionError:
        assert re.search(r"expected: .+\n  got: +.+\n  look at: +.+", text, re.DOTALL), text


def test_every_check_has_a_fault_that_it_catches() -> None:
    assert {f"test_{fault.check}" for fault in FAULTS} == set(checks())


SKIPS = [
    ("frames_of_another_size_keep_the_observation_space", {"other_size": None}, "one size"),
    ("the_first_frame_is_not_black", {"dark": True}, "may be black"),
    ("equal_seeds_and_actions_give_equal_frames", {"deterministic": False}, "claims nothing"),
    ("some_seed_makes_a_difference", {"deterministic": False}, "claims nothing"),
    ("an_end_says_why", {"ends": False}, "goes on until it is reset"),
    ("the_horizon_truncates_exactly_there", {"horizon": None}, "gives none"),
    (
        "a_step_after_the_end_is_refused_until_a_reset",
        {"ends": False, "horizon": None},
        "no episode is over",
    ),
    (LOSS, {"may_lose": False}, "`may_lose` is not set"),
]


@pytest.mark.parametrize(("name", "claims", "reason"), SKIPS, ids=[skip[0] for skip in SKIPS])
def test_what_a_model_does_not_claim_is_skipped_with_the_reason(
    name: str, claims: dict[str, Any], reason: str
) -> None:
    with pytest.raises(pytest.skip.Exception, match=reason):
        run(suite_of(FakeEnv, **claims), name)


def test_a_suite_without_make_env_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"must override make_env\(\)"):
        SpacesCompliance().make_env()


def test_a_vector_of_one_slot_is_refused() -> None:
    suite = suite_of(FakeEnv, make_vector_env=lambda self: SyncVectorEnv([FakeEnv]))
    with pytest.raises(AssertionError, match="two slots or more"):
        run(suite, "a_vector_resets_and_steps_every_slot")


def test_an_early_end_of_the_models_own_leaves_the_horizon_unchecked() -> None:
    def step(self: FakeEnv, action: Any) -> Any:
        answer = list(FakeEnv.step(self, action))
        if self._step == 2:
            answer[2], answer[4]["end"] = True, "message run_over"
        return tuple(answer)

    with pytest.raises(pytest.skip.Exception, match="after 2 steps: message run_over"):
        run(suite_of(broken(step=step)), "the_horizon_truncates_exactly_there")
