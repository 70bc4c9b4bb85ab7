"""Training of agents with Stable-Baselines3: ``reactor-env train``, and the parts of it.

Nothing here is imported by the environment. All but :mod:`~reactor_env.training.settings` and
:mod:`~reactor_env.training.record` needs ``pip install "reactor-env[agents]"``.
"""
