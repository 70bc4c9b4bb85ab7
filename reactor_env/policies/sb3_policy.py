"""The policy in a file that a Stable-Baselines3 model was saved to."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium as gym

from reactor_env.errors import MissingDependencyError

if TYPE_CHECKING:
    from stable_baselines3.common.policies import BasePolicy


def load_sb3_policy(path: str | Path) -> BasePolicy:
    """Load the policy of a saved model, whatever its algorithm.

    The file says which class its policy has and how that was made, so that neither the algorithm
    nor its replay buffer is needed. The file holds pickled Python: load only what you trust.

    Args:
        path: What ``model.save`` wrote, with or without ``.zip``.

    Returns:
        The policy on the CPU, in evaluation mode; its ``predict`` is that of
        :class:`~reactor_env.policies.Policy`.

    Raises:
        MissingDependencyError: If Stable-Baselines3 is not installed, or the package that the
            policy's class comes from, such as sb3_contrib.
        ValueError: If there is no such file, or it is not one of these.
    """
    if importlib.util.find_spec("stable_baselines3") is None:
        raise MissingDependencyError(
            'a Stable-Baselines3 model needs it: pip install "reactor-env[agents]"'
        )
    from stable_baselines3.common.policies import BasePolicy
    from stable_baselines3.common.save_util import load_from_zip_file

    path = saved_model(path)
    try:
        data, parameters, _ = load_from_zip_file(path, device="cpu")
    except ImportError as error:
        raise MissingDependencyError(f"the model in {path} needs {error.name}") from error
    kind = (data or {}).get("policy_class")
    if data is None or not (isinstance(kind, type) and issubclass(kind, BasePolicy)):
        raise ValueError(f"`path` must be the file of a saved Stable-Baselines3 model, got {path}")
    options = dict(data.get("policy_kwargs") or {})
    if data.get("use_sde"):
        options["use_sde"] = True
    # The schedule is of the optimizer, which is made with the policy and never used.
    policy = kind(data["observation_space"], data["action_space"], lambda _: 0.0, **options)
    weights: Any = parameters["policy"]
    policy.load_state_dict(weights)
    policy.set_training_mode(False)
    return policy


def saved_model(path: str | Path) -> Path:
    """Return the file of a saved model.

    Args:
        path: What ``model.save`` wrote, with or without ``.zip``.

    Raises:
        ValueError: If there is no such file.
    """
    path = Path(path)
    if not path.exists() and path.suffix != ".zip":
        path = path.with_name(f"{path.name}.zip")
    if not path.is_file():
        raise ValueError(f"`path` must be the file of a saved model, and there is no {path}")
    return path


def check_sees(policy: BasePolicy, env: gym.Env[Any, Any]) -> None:
    """Check that a model can see what an environment shows.

    Args:
        policy: The model's policy.
        env: The environment; one that does not say what it shows passes.

    Raises:
        ValueError: If its pictures were of another shape; the text has the options for them.
    """
    trained, shown = policy.observation_space, getattr(env, "observation_space", None)
    if not (isinstance(trained, gym.spaces.Box) and isinstance(shown, gym.spaces.Box)):
        return
    seen, there = trained.shape, shown.shape
    if seen == there or len(seen) != 3 or seen == (there[-1], *there[:-1]):
        return  # Stable-Baselines3 moves the channels of a picture to where it wants them
    first = seen[0] in (1, 3)
    channels, height, width = seen if first else (seen[2], *seen[:2])
    options = f"--size {height} {width}{' --gray' * (channels == 1)}{' --channels-first' * first}"
    raise ValueError(
        f"the model was trained on observations of shape {seen}, and these have {there}: give what "
        f"its training had, {options}"
    )
