"""``reactor-env demo``: one world, both ways to generate, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from reactor_env.cli.gif import Panel, require_pillow, write_gif
from reactor_env.cli.log import RolloutLog
from reactor_env.cli.rollout import VIDEO, Report, Rollout, perform
from reactor_env.cli.tables import comparison_table
from reactor_env.cli.target import UsageError

WORLD = "gym:CartPole-v1"
GIF = "demo.gif"

_CAPTIONS = {
    "stepped": "stepped: the world waits for the agent",
    "streamed": "streamed: the world runs on",
}
"""For the animated picture, by folder."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Balance CartPole from pixels, stepped and streamed, and compare the two.

    Attributes:
        out: Folder for videos, plots, summaries and demo.gif.
        steps: Steps to make in each mode.
        seed: Seed of the first episode.
    """

    out: Path = Path("out/demo")
    steps: int = 160
    seed: int = 0

    def run(self) -> None:
        """Roll out in both modes, and print the comparison.

        Raises:
            KeyboardInterrupt: After Ctrl-C, when what was done so far is printed and written.
            UsageError: If the arguments are wrong.
            Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
        """
        rollouts = {
            "stepped": Rollout(
                world=WORLD,
                mode="stepped",
                steps=self.steps,
                seed=self.seed,
                policy="scripted",
                out=self.out / "stepped",
            ),
            "streamed, pacing applied": Rollout(
                world=WORLD,
                mode="streamed",
                pacing="applied",
                steps=self.steps,
                seed=self.seed,
                policy="scripted",
                out=self.out / "streamed",
            ),
        }
        for rollout in rollouts.values():
            rollout.check()
        if self.out.exists() and not self.out.is_dir():
            raise UsageError(f"--out must be a folder, got the file {self.out}")
        require_pillow()
        console, progress = Console(), Console(stderr=True)
        reports: dict[str, Report] = {}
        for heading, rollout in rollouts.items():
            reports[heading] = perform(rollout, progress, label=heading)
            if reports[heading].stopped_by is not None:
                break
        files = [path for report in reports.values() for path in report.files]
        stopped_by = next((r.stopped_by for r in reports.values() if r.stopped_by), None)
        if stopped_by is None:
            panels = [
                Panel(caption, report.log, self.out / folder / VIDEO)
                for (folder, caption), report in zip(
                    _CAPTIONS.items(), reports.values(), strict=True
                )
            ]
            write_gif(self.out / GIF, panels)
            files.append(self.out / GIF)
        logs: dict[str, RolloutLog] = {
            f"{heading}\n{report.backend} backend": report.log
            for heading, report in reports.items()
            if report.log.steps
        }
        if logs:
            console.print(comparison_table(f"{WORLD}, scripted policy from pixels", logs))
        for path in files:
            console.print(f"wrote {path}", highlight=False, soft_wrap=True)
        if stopped_by is not None:
            raise stopped_by
