"""Playing an environment by hand: keys to actions, a window, and the loop between the two."""

from reactor_env.play.bindings import KeyMap, UnboundError, key_map
from reactor_env.play.game import Game

__all__ = ["Game", "KeyMap", "UnboundError", "key_map"]
