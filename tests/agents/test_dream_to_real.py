from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from agents import dream_to_real
from agents.dream_to_real import (
    Args,
    Dreaming,
    Explorer,
    Policy,
    Real,
    Rollout,
    Tally,
    advantages,
    command,
    evaluate,
    evaluate_dreams,
    learn,
    play,
    summary,
    train,
    trained_by,
)
from reactor_env.worlds.dream import collect
from reactor_env.worlds.dream.collect import play as play_episode
from reactor_env.worlds.dream.dream_env import DreamEnv
from reactor_env.worlds.dream.dreams import Step
from reactor_env.worlds.dream.numpy_model import DreamModel
from tests.worlds.dream import tiny

SCRIPT = Path(dream_to_real.__file__)
FEATURES = tiny.TASK.latent + tiny.TASK.hidden


class Corridor:
    """Two worlds of three steps; the reward is the action, and the second is cut short."""

    count = 2

    def __init__(self) -> None:
        self.steps = np.zeros(2, np.int64)

    @property
    def features(self) -> NDArray[np.float32]:
        return np.eye(4, dtype=np.float32)[self.steps]

    def begin(self, which: NDArray[np.bool_]) -> None:
        self.steps[which] = 0

    def step(self, actions: NDArray[np.int64]) -> Step:
        self.steps += 1
        over = self.steps == 3
        ends = np.array([True, False])
        return Step(actions.astype(np.float32), over & ends, over & ~ends)


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # networks this small wait for a second one
        yield
        torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> DreamModel:
    return tiny.write(tmp_path_factory.mktemp("model") / "tiny.npz")


def test_advantages_are_those_computed_by_hand_and_stop_where_an_episode_is_over() -> None:
    args = Args(gamma=0.9, gae_lambda=0.5)
    rollout = Rollout(
        torch.zeros(4, 1, 2),
        torch.zeros(3, 1, dtype=torch.int64),
        torch.tensor([[0.0], [1.0], [2.0]]),
        torch.tensor([[False], [True], [False]]),
    )
    values = torch.tensor([[1.0], [0.25], [0.5], [2.0]])
    # Backwards: 2 + 0.9 * 2 - 0.5 = 3.3; 1 - 0.25 = 0.75; (0.225 - 1) + 0.45 * 0.75 = -0.4375.
    assert advantages(rollout, values, args).flatten().tolist() == pytest.approx(
        [-0.4375, 0.75, 3.3]
    )


def test_what_was_to_come_is_added_where_an_episode_is_cut_short_only() -> None:
    policy = Policy(4, 2)
    with torch.no_grad():
        policy.get_parameter("value.2.bias").fill_(100.0)
        policy.get_parameter("value.2.weight").zero_()
    rollout = play(Corridor(), policy, Args(rollout=3, gamma=0.5), Tally(2))
    assert rollout.rewards[2].tolist() == pytest.approx(
        [float(rollout.actions[2, 0]), float(rollout.actions[2, 1]) + 50]
    )
    assert rollout.over.tolist() == [[False, False], [False, False], [True, True]]
    assert rollout.features[3].argmax(-1).tolist() == [0, 0]


def test_a_tally_holds_the_returns_of_whole_episodes() -> None:
    tally = Tally(2)
    for rewards, over in (([1, 5], [False, True]), ([2, 7], [True, False])):
        flags = np.array(over)
        tally.add(Step(np.array(rewards, np.float32), flags, np.zeros(2, bool)))
    assert list(tally.returns) == [5, 3]


def test_learning_makes_the_rewarded_action_likelier() -> None:
    args = Args(rollout=30, minibatches=2)
    worlds, policy = Corridor(), Policy(4, 2)
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
    before = play(worlds, policy, args, Tally(2)).actions.float().mean()
    for _ in range(10):
        learn(policy, optimizer, play(worlds, policy, args, Tally(2)), args)
    after = play(worlds, policy, args, Tally(2)).actions.float().mean()
    assert before < 0.75
    assert after > 0.9


def test_a_training_gives_its_learning_curve() -> None:
    args, policy = Args(rollout=6, minibatches=2), Policy(4, 2)
    curve = train(Corridor(), policy, 36, args)
    before = copy.deepcopy(policy.state_dict())
    steps, earned = next(curve)
    assert steps == 12
    assert 0 <= earned <= 3  # four whole episodes of three steps
    assert any((before[name] != value).any() for name, value in policy.state_dict().items())
    assert [steps for steps, _ in curve] == [24, 36]


def test_a_learning_curve_begins_without_a_return() -> None:
    steps, earned = next(train(Corridor(), Policy(4, 2), 8, Args(rollout=2, minibatches=1)))
    assert steps == 4
    assert np.isnan(earned)


def test_a_new_policy_gives_nearly_equal_probabilities() -> None:
    likely, _ = Policy(FEATURES, 2)(torch.randn(50, FEATURES))
    torch.testing.assert_close(likely.exp(), torch.full((50, 2), 0.5), atol=0.05, rtol=0)


def test_greedy_takes_the_most_probable_action() -> None:
    policy = Policy(4, 2)
    with torch.no_grad():
        policy.get_parameter("policy.2.bias").copy_(torch.tensor([0.0, 1.0]))
    assert policy.choose(np.eye(4, dtype=np.float32), greedy=True).tolist() == [1, 1, 1, 1]


def test_a_policy_is_trained_in_the_dream_that_the_environment_gives(
    model: DreamModel, tmp_path: Path
) -> None:
    tiny.write(tmp_path / "tiny.npz")
    args = Args(dreams=1, reencode_every=10, seed=6)
    worlds = Dreaming(model, args)
    worlds.begin(np.array([True]))
    env = DreamEnv(tmp_path / "tiny.npz", enlarge=False)
    env.reset(seed=6)
    start = int(np.random.default_rng(6).integers(tiny.STARTS, size=1)[0])
    # The environment draws its start from the same numbers, but of fewer starts.
    env.reset(seed=6, options={"start": start})
    env.np_random.integers(tiny.STARTS, size=1)
    for step in range(25):
        step_of_dream = worlds.step(np.array([step % 2]))
        _, reward, terminated, truncated, _ = env.step(step % 2)
        assert np.array_equal(worlds.features, env.features)
        assert reward == step_of_dream.rewards[0]
        assert (terminated, truncated) == (step_of_dream.terminated[0], False)


def test_real_worlds_are_seen_through_the_model(model: DreamModel) -> None:
    worlds = Real(tiny.TASK, model, 2, seed=3)
    worlds.begin(np.ones(2, bool))
    again = Real(tiny.TASK, model, 1, seed=4)
    again.begin(np.ones(1, bool))
    np.testing.assert_allclose(worlds.features[1], again.features[0], atol=1e-6)
    worlds.step(np.array([0, 1]))
    step = again.step(np.array([1]))
    np.testing.assert_allclose(worlds.features[1], again.features[0], atol=1e-6)
    assert step.rewards.tolist() == [1.0]
    worlds.close()
    again.close()


def test_every_seed_is_evaluated_to_its_end_in_order(
    model: DreamModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = Policy(FEATURES, 2)
    found = {}
    for count in (1, 3):
        monkeypatch.setattr(dream_to_real, "SIDE_BY_SIDE", count)
        found[count] = evaluate(tiny.TASK, model, policy, 7, seed=20)
    assert len(found[1]) == 7
    assert found[1] == found[3]
    assert len(evaluate(tiny.TASK, model, None, 7, seed=20)) == 7


def test_an_explorer_plays_the_policy_but_for_some_random_actions(model: DreamModel) -> None:
    policy = Policy(FEATURES, 2)
    with torch.no_grad():
        policy.get_parameter("policy.2.bias").copy_(torch.tensor([0.0, 100.0]))
    picture = np.zeros((64, 64, 3), np.uint8)
    taken = {}
    for share in (0.0, 0.5):
        explorer = Explorer(model, policy, share)
        explorer.begin(1)
        taken[share] = np.mean([explorer.act(picture) for _ in range(400)])
    assert taken[0.0] == 1
    assert taken[0.5] == pytest.approx(0.75, abs=0.1)


def test_an_explorer_sees_what_the_follower_of_its_episode_sees(model: DreamModel) -> None:
    episodes = []
    for _ in range(2):
        explorer = Explorer(model, Policy(FEATURES, 2), 1.0)
        env = tiny.TASK.make()
        episodes.append(play_episode(env, explorer, 5))
        episodes.append(play_episode(env, explorer, 5))
        env.close()
    assert all(np.array_equal(e.frames, episodes[0].frames) for e in episodes)


def test_the_interval_is_of_the_mean() -> None:
    found = summary([500.0] * 100)
    assert (found["mean"], found["sd"], found["ci95"]) == (500.0, 0.0, [500.0, 500.0])
    returns = np.random.default_rng(0).normal(100, 50, 100).tolist()
    low, high = summary(returns)["ci95"]
    assert (high - low) / 2 == pytest.approx(1.96 * 50 / 10, rel=0.2)


def test_rewards_are_scaled_for_learning_and_not_for_the_tally() -> None:
    tally = Tally(2)
    rollout = play(Corridor(), Policy(4, 2), Args(rollout=3, reward_scale=0.25), tally)
    earned = 0.25 * rollout.actions[:, 0]
    assert rollout.rewards[:, 0].tolist() == earned.tolist()
    assert tally.returns[0] == rollout.actions[:, 0].sum()


def test_a_dream_is_cut_short_where_that_is_asked(model: DreamModel) -> None:
    worlds = Dreaming(model, Args(dreams=40, cut=3))
    worlds.begin(np.ones(40, bool))
    going = np.ones(40, bool)
    for count in range(1, 4):
        step = worlds.step(np.zeros(40, np.int64))
        assert (step.truncated & going).any() == (count == 3)
        going &= ~step.over
    assert not going.any()


def test_whole_dreams_are_those_that_the_world_serves(model: DreamModel, tmp_path: Path) -> None:
    tiny.write(tmp_path / "tiny.npz")
    policy = Policy(FEATURES, 2)
    [found] = evaluate_dreams(model, policy, Args(evaluate=1, seed=6))
    env = DreamEnv(tmp_path / "tiny.npz", enlarge=False)
    start = int(np.random.default_rng(6).integers(tiny.OPENINGS, size=1)[0])
    env.reset(seed=6, options={"start": start})
    env.np_random.integers(tiny.OPENINGS, size=1)
    total, over = 0.0, False
    while not over:
        _, reward, terminated, truncated, _ = env.step(policy.choose(env.features, greedy=True)[0])
        total += float(reward)
        over = terminated or truncated
    assert found == pytest.approx(total)


def test_a_command_names_what_is_not_usual() -> None:
    assert command(Args()) == "python agents/dream_to_real.py"
    args = Args(steps=9, reward_scale=0.5, out=Path("here"))
    assert command(args) == (
        "python agents/dream_to_real.py --steps 9 --reward-scale 0.5 --out here"
    )


def test_episodes_of_a_policy_say_how_it_was_trained(tmp_path: Path) -> None:
    trained = {"command": "train it", "train_seconds": 7.5}
    (tmp_path / "result.json").write_text(json.dumps(trained))
    args = Args(policy=tmp_path / "policy.pt")
    assert [*trained_by(args, {}, {"play": 1.0})] == [
        {"command": "train it", "seconds": {"policy": 7.5}},
        {"command": command(args), "seconds": {"play": 1.0}},
    ]
    assert [*trained_by(Args(), {"train_seconds": 3.0}, {"play": 1.0})] == [
        {"command": command(Args()), "seconds": {"policy": 3.0, "play": 1.0}}
    ]


def test_what_must_be_installed_is_said_before_anything_is_trained(tmp_path: Path) -> None:
    block = "import sys; sys.modules['vizdoom'] = None; sys.argv = ['it', '--model', 'takecover']"
    done = subprocess.run(
        [sys.executable, "-c", f"{block}; from agents.dream_to_real import main; main()"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=SCRIPT.parents[1],
    )
    assert "VizdoomTakeCover-v1 is not installed: pip install 'vizdoom'" in done.stderr
    assert not done.stdout


@pytest.mark.integration
def test_a_trained_policy_is_evaluated_again_without_training(
    model: DreamModel, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.npz"
    tiny.write(path)
    torch.save(Policy(FEATURES, 2).state_dict(), tmp_path / "policy.pt")
    argv = ["--model", str(path), "--policy", str(tmp_path / "policy.pt"), "--evaluate", "2"]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *argv],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "in 2 whole dreams" in done.stdout
    assert "in 2 real episodes" in done.stdout
    assert "dreams: mean return" not in done.stdout


@pytest.mark.integration
def test_a_short_run_writes_its_result(tmp_path: Path) -> None:
    argv = ["--steps", "4096", "--evaluate", "3", "--direct-steps", "512", "--seed", "3"]
    argv += ["--rollout", "16", "--collect", str(tmp_path / "data"), "--collect-frames", "10"]
    argv += ["--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *argv],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "in 3 real episodes, 95 % interval of the mean" in done.stdout
    result = json.loads((tmp_path / "result.json").read_text())
    for player in ("random", "dream", "direct"):
        assert len(result[player]["returns"]) == 3
        assert result[player]["mean"] == pytest.approx(np.mean(result[player]["returns"]))
    assert collect.load(tmp_path / "data")
    [run] = json.loads((tmp_path / "data" / collect.MADE_BY).read_text())["runs"]
    assert run["command"] == result["command"]
    policy = Policy(8 + 256, 2)
    policy.load_state_dict(torch.load(tmp_path / "policy.pt", weights_only=True))
