"""The suite as its users run it: by pytest, from the code of docs/testing.md."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reactor_env.testing import Compliance, EnvironmentCompliance
from reactor_env.testing.info_keys import INFO_KEYS, wrong_keys
from tests.testing.fakes import FakeEnv

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text()

USER = """
    from tests.testing.fakes import FakeCompliance, FakeEnv

    class TestMine(FakeCompliance):
        pass

    class TestShared(FakeCompliance):
        envs_made = 0

        def make_env(self):
            TestShared.envs_made += 1
            return FakeEnv()

        def make_vector_env(self):
            return None
"""


@pytest.fixture(autouse=True)
def _no_session() -> None:
    FakeEnv.opened = FakeEnv.open = 0


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run the class of a user on the good fake."""
    path = pytester.makepyfile(USER)
    return pytester.runpytest_inprocess(path, "-p", "no:cacheprovider", "-W", "error", *options)


def test_a_full_run_opens_four_sessions_and_one_for_each_slot(pytester: pytest.Pytester) -> None:
    run(pytester, "-k", "TestMine").assert_outcomes(passed=34)
    assert (FakeEnv.opened, FakeEnv.open) == (4 + 2, 0)


def test_without_a_vector_its_checks_are_skipped_and_four_sessions_do(
    pytester: pytest.Pytester,
) -> None:
    run(pytester, "-k", "TestShared").assert_outcomes(passed=32, skipped=2)
    assert (FakeEnv.opened, FakeEnv.open) == (4, 0)


@pytest.mark.parametrize(
    ("subject", "sessions"),
    re.findall(r"^\| `(\w+)Compliance` \|.* \| (\d) \|$", PAGE, re.MULTILINE),
)
def test_a_subject_can_be_inherited_alone_and_opens_what_the_page_says(
    pytester: pytest.Pytester, subject: str, sessions: str
) -> None:
    path = pytester.makepyfile(f"""
        import reactor_env.testing
        from tests.testing.fakes import FakeCompliance

        names = vars(reactor_env.testing.{subject}Compliance)
        body = {{n: v for n, v in vars(FakeCompliance).items() if not n.startswith("__")}}
        TestMine = type("TestMine", (reactor_env.testing.{subject}Compliance,), body)
    """)
    result = pytester.runpytest_inprocess(path, "-p", "no:cacheprovider", "-W", "error")
    outcomes = result.parseoutcomes()
    assert outcomes.keys() == {"passed"}
    assert (FakeEnv.opened, FakeEnv.open) == (int(sessions), 0)


def test_a_failure_is_told_without_the_inside_of_the_suite(pytester: pytest.Pytester) -> None:
    path = pytester.makepyfile("""
        from tests.testing.fakes import FakeCompliance, FakeEnv

        class Dark(FakeEnv):
            def draw(self):
                return 0 * super().draw()

        class TestMine(FakeCompliance):
            def make_env(self):
                return Dark()
    """)
    result = pytester.runpytest_inprocess(path, "-p", "no:cacheprovider", "-k", "not_black")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*AssertionError:*",
            "E*expected: the first frame of episode 1 shows something",
            "E*got: *a black frame: its brightest value is 0 of 255",
            "E*look at: *set `dark = True` where the world may be black",
        ]
    )
    assert "def require(" not in result.stdout.str()


@pytest.mark.integration
def test_the_example_of_the_page_passes(pytester: pytest.Pytester) -> None:
    code = re.search(r"```python\n(# test_my_model\.py\n.*?)```", PAGE, re.DOTALL)
    assert code is not None
    path = pytester.makepyfile(test_my_model=code[1])
    result = pytester.runpytest_subprocess(path, "-p", "no:cacheprovider", "-q", "-rs")
    result.assert_outcomes(passed=32, skipped=2)


def test_without_pytest_the_package_says_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['pytest'] = None\n"
        "import importlib.util\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'pytest' else find(name)\n"
        "import reactor_env, reactor_env.env\n"
        "try:\n"
        "    import reactor_env.testing\n"
        "except reactor_env.errors.MissingDependencyError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "reactor_env.testing needs pytest: pip install 'pytest>=8.4'\n"


def test_the_environment_imports_nothing_of_the_suite() -> None:
    code = "import sys, reactor_env.env; print('pytest' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "False\n"


# -- what is written about it -------------------------------------------------------------------


def test_every_key_of_the_readmes_table_is_checked() -> None:
    table = (ROOT / "README.md").read_text().partition("## What `info` says")[2].partition("##")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert told
    assert told <= INFO_KEYS.keys()


def test_a_key_that_is_not_always_there_is_checked_where_it_is() -> None:
    info = FakeEnv().info()
    assert wrong_keys(info) == {}
    assert wrong_keys(info | {"end": 3}) == {"end": "must be str or None, is 3"}


def test_the_page_names_every_attribute_and_method_of_the_suite() -> None:
    own = {
        name
        for name, value in vars(Compliance).items()
        if not name.startswith("_") and name not in ("before", "env")
    }
    played = {"begin", "play", "play_until_over", "one_step"}
    named = set(re.findall(r"`(\w+)(?:\([^)]*\))?`", PAGE))
    assert own - played <= named


def test_the_page_has_every_subject() -> None:
    subjects = {base.__name__ for base in EnvironmentCompliance.__bases__}
    assert subjects <= set(re.findall(r"`(\w+Compliance)`", PAGE))


@pytest.mark.parametrize(
    "check", [name for name in dir(EnvironmentCompliance) if name.startswith("test_")]
)
def test_every_check_is_documented_in_one_line(check: str) -> None:
    text = getattr(EnvironmentCompliance, check).__doc__
    assert text is not None
    assert "\n" not in text
