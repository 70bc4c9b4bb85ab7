"""The policies of :mod:`~reactor_env.training.history` for the algorithms of sb3-contrib."""

from __future__ import annotations

from sb3_contrib.ppo_recurrent.policies import MultiInputLstmPolicy
from sb3_contrib.qrdqn.policies import MultiInputPolicy

from reactor_env.training.history import RemembersActions


class HistoryLstmPolicy(RemembersActions, MultiInputLstmPolicy):
    """RecurrentPPO's."""


class HistoryQuantilePolicy(RemembersActions, MultiInputPolicy):
    """QR-DQN's."""
