"""What a policy server keeps of each episode. Knows nothing of HTTP."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from reactor_env.policies.base import Policy
from reactor_env.policies.wire import decode, encode


class RequestError(ValueError):
    """A request does not go with what is known of its episode, or is none."""


class ForgottenError(RequestError):
    """The episode's state is not there any more."""


@dataclass(slots=True)
class _Episode:
    """Attributes: what the last request was, what the policy made of it, and the answer."""

    step: int
    request: str
    state: Any
    answer: bytes


class ServedPolicy:
    """A policy with the states of the episodes that it plays.

    A state stays here, whatever it is: one of arrays would cost a transfer each way, and one that
    is no arrays could not travel without being pickled. So an episode has a name that its client
    made up, and its requests are numbered. A request that comes a second time gets the answer of
    the first, and the state does not advance twice.

    Args:
        policy: It is asked by one thread at a time.
        max_episodes: How many are remembered; the one that was longest without a request is
            forgotten first. Nobody says when an episode ends.
    """

    def __init__(self, policy: Policy, max_episodes: int = 1024) -> None:
        if max_episodes < 1:
            raise ValueError(f"`max_episodes` must be at least 1, got {max_episodes}")
        self._policy = policy
        self._max = max_episodes
        self._lock = threading.Lock()
        self._episodes: OrderedDict[str, _Episode] = OrderedDict()
        self.answered = 0
        """How many observations."""

    def answer(self, message: bytes) -> bytes:
        """Return the answer to a request, a message with ``{"action": ...}``.

        Args:
            message: One with ``{"episode": text, "step": 0, 1, ..., "request": text,
                "observation": ..., "episode_start": ..., "deterministic": ...}``. Step 0 begins an
                episode, and ``request`` is another one for each call of ``predict``.

        Raises:
            ForgottenError: If the episode is not known (any more).
            RequestError: If it is not the episode's next request.
            ValueError: If the message is wrong, or the policy cannot have the observation.
        """
        match decode(message):
            case {
                "episode": str() as name,
                "step": int() as step,
                "request": str() as request,
                "observation": observation,
                "episode_start": start,
                "deterministic": bool() as deterministic,
            }:
                pass
            case other:
                got = list(other) if isinstance(other, dict) else type(other).__name__
                raise RequestError(
                    "a request must have episode, step, request, observation, episode_start and "
                    f"deterministic, got {got}"
                )
        with self._lock:
            known = self._episodes.get(name)
            if known is not None and (known.step, known.request) == (step, request):
                return known.answer
            state = None
            if step:
                if known is None:
                    raise ForgottenError(
                        f"the episode is not known at its step {step}: the server was started "
                        f"anew, or had {self._max} others since; begin another one"
                    )
                if step != known.step + 1:
                    raise RequestError(
                        f"the episode's next step must be {known.step + 1}, got {step}: a state "
                        "of a remote policy can be used once"
                    )
                state = known.state
            action, state = self._policy.predict(observation, state, start, deterministic)
            answer = encode({"action": action})
            self._episodes[name] = _Episode(step, request, state, answer)
            self._episodes.move_to_end(name)
            while len(self._episodes) > self._max:
                self._episodes.popitem(last=False)
            self.answered += 1
            return answer
