"""How a check speaks: to the person whose model failed, who has never read the check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

_LONGEST = 400


def require(met: object, *, expected: str, got: object, see: str) -> None:
    """Fail a check unless a condition is met.

    Args:
        met: The condition.
        expected: What should have been.
        got: What was instead; texts are shown as they are.
        see: Where to look for the cause.

    Raises:
        AssertionError: With all three.
    """
    __tracebackhide__ = True
    if not met:
        fail(expected=expected, got=got, see=see)


def fail(*, expected: str, got: object, see: str) -> NoReturn:
    """Fail a check; the arguments are those of :func:`require`."""
    __tracebackhide__ = True
    shown = got if isinstance(got, str) else repr(got)
    if len(shown) > _LONGEST:
        shown = f"{shown[:_LONGEST]} ..."
    raise AssertionError(f"\n  expected: {expected}\n  got:      {shown}\n  look at:  {see}")


def refusal(
    call: Callable[[], Any],
    kinds: type[BaseException] | tuple[type[BaseException], ...],
    *,
    names: str,
    what: str,
    see: str,
) -> BaseException:
    """Require that a call is refused by an error that names what is wrong.

    Args:
        call: What is to be refused.
        kinds: The errors that are right for it.
        names: What the error's text must name, in whatever case.
        what: The call, for people.
        see: Where to look for the cause.

    Returns:
        The error.

    Raises:
        AssertionError: If it is not refused, or by another error, or without the name.
    """
    __tracebackhide__ = True
    of = kinds if isinstance(kinds, tuple) else (kinds,)
    wanted = " or ".join(kind.__name__ for kind in of)
    expected = f"{what} is refused by a {wanted} that names {names!r}"
    try:
        returned = call()
    except of as error:
        text = f"{type(error).__name__}: {error}"
        require(names.lower() in str(error).lower(), expected=expected, got=text, see=see)
        return error
    except Exception as error:
        raise AssertionError(
            f"\n  expected: {expected}\n  got:      {type(error).__name__}: {error}"
            f"\n  look at:  {see}"
        ) from error
    fail(expected=expected, got=f"no error; it returned {type(returned).__name__}", see=see)
