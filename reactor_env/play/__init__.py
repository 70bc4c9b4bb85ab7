"""Playing an environment by hand: keys to actions, a window, and the loop between the two.

:class:`Game` is a loop of its own; :class:`HumanPolicy` lets a person play in anybody's loop.
"""

from reactor_env.play.bindings import KeyMap, UnboundError, key_map
from reactor_env.play.game import Game
from reactor_env.play.human import HumanPolicy, WindowClosedError, human_policy
from reactor_env.play.window import NoDisplayError

__all__ = [
    "Game",
    "HumanPolicy",
    "KeyMap",
    "NoDisplayError",
    "UnboundError",
    "WindowClosedError",
    "human_policy",
    "key_map",
]
