from __future__ import annotations

from pathlib import Path

import pytest

from reactor_env.worlds.dream import card, film, measure, pipeline, tasks
from reactor_env.worlds.dream.numpy_model import DreamModel
from reactor_env.worlds.dream.pipeline import PLANS, Args, run

AGENT = Path(__file__).parents[3] / "agents" / "dream_to_real.py"


def test_every_environment_has_a_plan() -> None:
    assert set(PLANS) == set(tasks.TASKS)


def test_folders_are_named_by_environment_and_seed() -> None:
    assert Args("cartpole").folder("2") == Path("out/dream/cartpole-2")
    assert Args("cartpole", seed=1).folder("2") == Path("out/dream/cartpole-seed1-2")
    assert Args("cartpole", out=Path("a/b")).folder("2") == Path("a/b-2")


def test_the_command_says_what_the_result_depends_on() -> None:
    start = "python -m reactor_env.worlds.dream.pipeline --env cartpole --seed"
    assert Args("cartpole", ship=True).command == f"{start} 0"
    args = Args("cartpole", seed=2, scale=0.5, direct_steps=9)
    assert args.command == f"{start} 2 --scale 0.5 --direct-steps 9"


def test_it_needs_the_agents_script(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="`agent` must be the path of agents/dream_to"):
        run(Args("cartpole", out=tmp_path / "it", agent=tmp_path / "none.py"))


@pytest.mark.integration
@pytest.mark.timeout(240)
def test_a_world_is_made_from_nothing_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (measure, film):
        monkeypatch.setattr(module, "DRIFT_AFTER", (2, 4))
    monkeypatch.setattr(pipeline, "HELD_OUT_FRAMES", 300)
    args = Args("cartpole", seed=3, out=tmp_path / "pole", scale=0.002, agent=AGENT)
    written = run(args)
    assert written == tmp_path / "pole-card" / "dream-cartpole.md"
    model = DreamModel.load(tmp_path / "pole-2" / "cartpole.npz")
    commands = [made["command"] for made in model.training["runs"]]
    scripts = [command.split(" ")[1 + command.startswith("python -m")] for command in commands]
    trained, agent = "reactor_env.worlds.dream.train", "agents/dream_to_real.py"
    assert scripts == [trained, agent, agent, trained]
    assert model.training["further"] > 0
    text = written.read_text()
    assert f"Made from nothing, this card too, by `{args.command}`." in text
    assert all(f"`{command}`" in text for command in commands)
    for name in ("pole", "pole-2"):
        assert f"| trained in dreams of {name}, temperature 1, seed 3 |" in text

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a step was done again")

    monkeypatch.setattr(pipeline, "_agent", refuse)
    monkeypatch.setattr(card, "write", lambda *_: written)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    assert run(args) == written
    assert kept == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
