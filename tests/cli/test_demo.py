from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from reactor_env.cli import main
from reactor_env.cli.gif import MAX_BYTES


@pytest.mark.integration
def test_the_demo_compares_both_modes_and_leaves_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["demo", "--out", str(tmp_path / "demo"), "--steps", "25"]) == 0
    found = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert found == [
        "demo/demo.gif",
        "demo/stepped/latency.png",
        "demo/stepped/rollout.mp4",
        "demo/stepped/summary.json",
        "demo/streamed/latency.png",
        "demo/streamed/rollout.mp4",
        "demo/streamed/summary.json",
    ]
    summaries = {
        mode: json.loads((tmp_path / "demo" / mode / "summary.json").read_text())
        for mode in ("stepped", "streamed")
    }
    assert summaries["stepped"]["mode"] == "stepped"
    assert summaries["streamed"]["pacing"] == "applied"
    assert {s["policy"] for s in summaries.values()} == {"scripted"}
    assert {s["steps"] for s in summaries.values()} == {25}
    with Image.open(tmp_path / "demo" / "demo.gif") as image:
        assert image.size == (728, 284)
        assert getattr(image, "n_frames", 1) > 5
    assert (tmp_path / "demo" / "demo.gif").stat().st_size < MAX_BYTES
    printed = capsys.readouterr().out
    assert "streamed, pacing applied" in printed
    assert "p50 / p95 / p99" in printed
    assert all(f"wrote {tmp_path / name}" in printed for name in found)
