"""``reactor-env serve``: start a world for others to connect to, until Ctrl-C."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console

from reactor_env.cli.target import UsageError, read_options
from reactor_env.errors import RuntimeStartError


@dataclass(frozen=True, kw_only=True)
class Serve:
    """Start a world on this machine and keep it until Ctrl-C.

    It listens on this machine alone and has one session at a time, as a runtime has.

    Attributes:
        world: catch, probe, room, dream-cartpole, dream-takecover, gym:<environment id>, or a
            folder with a reactor.yaml.
        port: Where it listens.
        fps: Steps per second of a bundled world in streamed sessions; its own rate by default.
        world_kwargs: Options of the world as NAME=VALUE: numbers, True, False, None, lists;
            everything else is text.
    """

    world: str
    port: int = 8080
    fps: float | None = None
    world_kwargs: tuple[str, ...] = ()

    def run(self) -> None:
        """Start the runtime, say how to connect, and wait.

        Raises:
            UsageError: If the arguments are wrong.
            RuntimeStartError: If it does not start, or ends by itself; with the end of its log.
        """
        if not 0 < self.port < 65536:
            raise UsageError(f"--port must be 1 to 65535, got {self.port}")
        from reactor_env.runtime import LocalRuntime

        runtime = LocalRuntime(
            self.world, fps=self.fps, world_kwargs=read_options(self.world_kwargs), port=self.port
        )
        console = Console()
        with runtime:
            for line in (
                f"{self.world} is served at {runtime.url} until Ctrl-C",
                f"  reactor-env rollout --model {self.world} --local --api-url {runtime.url}",
                f'  gym.make("reactor_env/World-v0", model="{self.world}", local=True, '
                f'api_url="{runtime.url}")',
            ):
                console.print(line, markup=False, highlight=False, soft_wrap=True)
            runtime.wait()
            raise RuntimeStartError(runtime.post_mortem())
