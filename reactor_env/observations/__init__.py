"""From a frame to an observation: one conversion, at the observation's own size."""

from reactor_env.observations.converter import Converter
from reactor_env.observations.observation import Observation

__all__ = ["Converter", "Observation"]
