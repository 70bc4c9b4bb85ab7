"""Several environments stepped together: ``gymnasium.make_vec("reactor_env/World-v0", ...)``."""

from reactor_env.vector.env import ReactorVectorEnv
from reactor_env.vector.session_pool import SessionLimitError, SessionPool
from reactor_env.vector.thread_env import ThreadVectorEnv

__all__ = ["ReactorVectorEnv", "SessionLimitError", "SessionPool", "ThreadVectorEnv"]
