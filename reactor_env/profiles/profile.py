"""What the environment must know about a model beyond its schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reactor_env.spaces import ActionSpec

OTHERS = "*"
"""In a reset recipe: where the commands go that the options of a reset name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetRecipe:
    """How an episode is begun.

    Attributes:
        recipe: Commands in order, and :data:`OTHERS`. One whose required parameters no option has
            given is left out.
        options: What the options of a reset are called, and the ``command.parameter`` each fills.
        required: Options without which no episode can begin.
        forgets: Whether the model forgets what the options gave, so that it is given again with
            every reset. A new session always gets it again.
        began: The message that says that the episode has begun; ``""`` where none does. Frames of
            a streamed session that arrive before it belong to the episode before.
        stops: Whether the model stops between its reset and the last command of the recipe, which
            is then held back until the frames of the last episode have run out. A model that
            goes on may show some more of them, so that as many as it makes at a time are skipped.
    """

    recipe: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    forgets: bool = False
    began: str = ""
    stops: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRule:
    """A message that ends an episode.

    Attributes:
        message: Its name.
        field: A field that must have a certain value; ``""`` for none.
        equals: That value.
    """

    message: str
    field: str = ""
    equals: Any = None

    def matches(self, message: Mapping[str, Any]) -> bool:
        """Tell whether a message, ``{"type", "data"}``, is one of these."""
        if message.get("type") != self.message:
            return False
        return not self.field or (message.get("data") or {}).get(self.field) == self.equals


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """What ends an episode beside the metadata of its frames.

    Attributes:
        terminated: Messages after which the world has come to an end of its own.
        truncated: Messages after which it was cut off, for example at the model's run limit.
        refused: Parts of the reasons for which the model refuses a step when its run is over;
            the episode is truncated. Stepped sessions only.
        horizon: Steps after which an episode is truncated; ``None`` for no limit.
    """

    terminated: tuple[EndRule, ...] = ()
    truncated: tuple[EndRule, ...] = ()
    refused: tuple[str, ...] = ()
    horizon: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Which messages say that an action was taken, for ``pacing="applied"``.

    With ``message`` alone that message confirms. With ``done`` too, ``message`` names in its
    field ``chunk`` the chunk that is made with the action, and the message ``done`` for this or a
    later chunk (its field ``number``) confirms. With ``done`` alone the ``after``-th of them
    after the action does.

    Attributes:
        message: Answers an action; ``""`` where none does.
        chunk: Its field with the number of a chunk.
        done: Tells that a chunk was made.
        number: Its field with the chunk's number.
        after: How many of them it takes.
    """

    message: str = ""
    chunk: str = ""
    done: str = ""
    number: str = ""
    after: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One model.

    Attributes:
        name: The profile's name: that of its file.
        models: The names of the models it is for.
        summary: What an environment made of it is like.
        refused: Why the model cannot be an environment; ``""`` where it can.
        actions: The commands of an action, in order; chosen from the schema where empty.
        release: A command that sets every control neutral at once; ``""`` where there is none.
        presets: Named actions.
        keyboard: What keys do when a person plays: for each the name of a preset, or what it sets.
        reset: How an episode is begun.
        ends: What ends it.
        confirm: What confirms an action; ``None`` where nothing does.
        frames_per_step: Frames the model makes for one action.
        delay: Seconds from an action to the first frame that shows it, as measured; ``None``
            where it is not known.
        fps: Frames a second, as documented; ``None`` where the model tells or paces itself.
        size: (height, width) of the frames, as documented, for the observation space before there
            is a frame; ``None`` where the first frame tells.
    """

    name: str
    models: tuple[str, ...] = ()
    summary: str = ""
    refused: str = ""
    actions: tuple[ActionSpec, ...] = ()
    release: str = ""
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    keyboard: Mapping[str, str | Mapping[str, Any]] = field(default_factory=dict)
    reset: ResetRecipe = field(default_factory=ResetRecipe)
    ends: Ends = field(default_factory=Ends)
    confirm: Confirmation | None = None
    frames_per_step: int = 1
    delay: float | None = None
    fps: float | None = None
    size: tuple[int, int] | None = None
