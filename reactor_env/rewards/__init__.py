"""Rewards, and where an episode stands by the metadata that travels with each frame.

A bundled world sends its rewards with its frames. Most models send none: then a :class:`Reward`
makes one of what they do send, or of the pictures. Rewards add up (``a + b``) and scale
(``2 * a``). ``docs/rewards.md`` has an example of each, and what ends an episode.
"""

from reactor_env.rewards.batch import BatchReward
from reactor_env.rewards.episode import NOWHERE, EpisodePoint, episode_point, reward_between
from reactor_env.rewards.given import GivenReward, as_reward
from reactor_env.rewards.pending import PendingReward, settle
from reactor_env.rewards.reward import Moment, Reward, SumReward
from reactor_env.rewards.sources import FrameReward, FunctionReward, MessageReward
from reactor_env.rewards.torch_reward import TorchReward

__all__ = [
    "NOWHERE",
    "BatchReward",
    "EpisodePoint",
    "FrameReward",
    "FunctionReward",
    "GivenReward",
    "MessageReward",
    "Moment",
    "PendingReward",
    "Reward",
    "SumReward",
    "TorchReward",
    "as_reward",
    "episode_point",
    "reward_between",
    "settle",
]
