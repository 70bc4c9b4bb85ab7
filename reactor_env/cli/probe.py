"""``reactor-env probe``: does a world respond, hold still, and come back?"""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro
from rich.console import Console
from rich.table import Table

from reactor_env.cli.target import Target, UsageError, read_options
from reactor_env.files import replacing, write_json
from reactor_env.latency.report import Load, load_average, machine_line

if TYPE_CHECKING:
    from reactor_env.probes import Finding, Player, Settings
    from reactor_env.probes.scorecard import Scorecard

FILMS = "films"

_PACKAGES = ("reactor-env", "aiortc", "av", "reactor-runtime", "reactor-sdk")
_FILM_FPS = 10.0


@dataclass(frozen=True, kw_only=True)
class Probe(Target):
    """Probe a world: does it respond, hold still, come back, come round, repeat, and keep pace?

    The model needs a profile with named actions. Writes report.json, report.md and report.html,
    and a film of each action.

    Attributes:
        only: The probes to play, of responds, holds_still, comes_back, comes_round, repeats and
            keeps_pace; all by default.
        compare: Reports of earlier runs, report.json: sets them side by side instead of probing.
        repeats: How often each is played, with another seed each time.
        hold: Steps of holding an action.
        still: Steps of holding still.
        turn: Steps of turning until the start should have come round.
        seed: Of the first repeat.
        options: Options of every reset as NAME=VALUE, for example a prompt, or an image's path.
        mode: stepped: exact frames, the world waits; streamed: as viewers see it. By default
            stepped where the model supports it.
        backend: What carries the session: aiortc or native (the official SDK).
        out: Folder for the reports. Nothing is written without it.
        step_timeout: Seconds a step, or the first frame of an episode, may take.
    """

    only: tuple[str, ...] = ()
    compare: Annotated[tuple[Path, ...], tyro.conf.arg(metavar="REPORT")] = ()
    repeats: int = 5
    hold: int = 8
    still: int = 60
    turn: int = 80
    seed: int = 0
    options: tuple[str, ...] = ()
    mode: Literal["stepped", "streamed"] | None = None
    backend: Literal["aiortc", "native"] | None = None
    out: Path | None = None
    step_timeout: float = 10.0

    def check(self) -> None:
        """Check the arguments, before anything is started.

        Raises:
            UsageError: If one is out of range, or two do not go together.
        """
        from reactor_env.probes import PROBES

        if self.compare:
            if self.world is not None or self.model is not None:
                raise UsageError("--compare sets reports side by side; it takes no model to probe")
        else:
            self.check_target()
        if unknown := [name for name in self.only if name not in PROBES]:
            raise UsageError(f"--only must be among {', '.join(PROBES)}, got {unknown[0]}")
        try:
            self._settings()
        except ValueError as error:
            raise UsageError(str(error)) from error
        if not self.step_timeout > 0:
            raise UsageError(f"--step-timeout must be positive, got {self.step_timeout}")
        if self.out is not None and self.out.exists() and not self.out.is_dir():
            raise UsageError(f"--out must be a folder, got the file {self.out}")

    def run(self) -> None:
        """Probe, print the scorecard, and write the reports.

        Raises:
            UsageError: If the arguments are wrong.
            Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
        """
        from reactor_env.page import require_matplotlib
        from reactor_env.probes.scorecard import read_scorecard

        self.check()
        if self.out is not None:
            require_matplotlib()
        films: dict[str, Path] = {}
        if self.compare:
            cards = [read_scorecard(path) for path in self.compare]
        else:
            card, films = self._probe(Console(stderr=True))
            cards = [card]
        title = ", ".join(card.name for card in cards)
        _show(cards, title)
        if self.out is not None:
            self._write(self.out, cards, title, films)

    def _settings(self) -> Settings:
        from reactor_env.probes import Settings

        return Settings(
            repeats=self.repeats,
            hold=self.hold,
            still=self.still,
            turn=self.turn,
            seed=self.seed,
            options=read_options(self.options, "--options"),
        )

    def _probe(self, console: Console) -> tuple[Scorecard, dict[str, Path]]:
        from reactor_env.probes import Player, probe
        from reactor_env.probes.scorecard import Scorecard, cell

        before = load_average()
        env = self.make_env(
            mode=self.mode,
            backend=self.backend,
            step_timeout=self.step_timeout,
            **Player.options(),
        )
        settings = self._settings()

        def tell(finding: Finding) -> None:
            line = f"{finding.probe}: {finding.about}: {cell(finding)}"
            console.print(line, highlight=False, soft_wrap=True)
            status.update(f"probing {self.name}, {finding.probe}")

        with contextlib.closing(env), console.status(f"probing {self.name}") as status:
            player = Player(env)
            findings = probe(player, settings, names=self.only, on_finding=tell)
            films = {}
            if self.out is not None:
                status.update("filming")
                films = _films(player, settings, self.out / FILMS)
            about = {
                "created_utc": datetime.now(UTC).isoformat(timespec="seconds"),
                "command": shlex.join(["reactor-env", *sys.argv[1:]]),
                "mode": env.generation,
                "settings": asdict(settings),
                "machine_line": _machine((before, load_average())),
            }
        name = self.name
        if self.world_kwargs:
            name += f" ({', '.join(self.world_kwargs)})"
        return Scorecard(name, findings, about), films

    def _write(
        self, out: Path, cards: Sequence[Scorecard], title: str, films: dict[str, Path]
    ) -> None:
        from reactor_env.probes.scorecard import markdown, page

        out.mkdir(parents=True, exist_ok=True)
        if not self.compare:
            write_json(out / "report.json", cards[0].document())
        with replacing(out / "report.md") as partial:
            partial.write_text(markdown(cards, title), encoding="utf-8")
        page(cards, title, films).write(out / "report.html")
        names = ("report.md", "report.html")
        for name in names if self.compare else ("report.json", *names):
            Console().print(f"wrote {out / name}", highlight=False, soft_wrap=True)


def _films(player: Player, settings: Settings, folder: Path) -> dict[str, Path]:
    """Film each action from the same start."""
    from reactor_env.video_writer import VideoWriter

    folder.mkdir(parents=True, exist_ok=True)
    films = {}
    for name in player.presets:
        player.begin(settings.seed, settings.options)
        films[name] = folder / f"{name}.mp4"
        with VideoWriter(films[name], _FILM_FPS) as video:
            for picture in player.film(name, 2 * settings.hold):
                video.write(picture)
    return films


def _show(cards: Sequence[Scorecard], title: str) -> None:
    from reactor_env.probes.scorecard import rows

    table = Table("probe", "what", *(card.name for card in cards), title=title)
    for row in rows(cards):
        table.add_row(*row)
    Console().print(table)


def _machine(load: Load) -> str:
    def installed(name: str) -> bool:
        try:
            version(name)
        except PackageNotFoundError:
            return False
        return True

    return machine_line([name for name in _PACKAGES if installed(name)], load)
