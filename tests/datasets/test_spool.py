from __future__ import annotations

from pathlib import Path

import numpy as np

from reactor_env.datasets.spool import Header, SpooledEpisode, SpoolWriter
from tests.datasets.episodes import header, pictures, spool


def test_an_episode_comes_back_as_it_was_played(tmp_path: Path) -> None:
    shown = pictures(5)
    episode = SpooledEpisode(spool(tmp_path / "a", shown, seed=9))
    np.testing.assert_array_equal(episode.observations, shown)
    assert episode.seed == 9
    assert [step.reward for step in episode.steps] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert [step.truncated for step in episode.steps] == [False, False, False, False, True]
    assert [row["frame_id"] for row in episode.rows] == [10, 11, 12, 13, 14, 15]


def test_pictures_are_mapped_from_disk_and_not_read(tmp_path: Path) -> None:
    episode = SpooledEpisode(spool(tmp_path / "a", pictures(2)))
    assert isinstance(episode.observations, np.memmap)


def test_what_a_step_is_given_may_be_changed_afterwards(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "a", None)
    picture = pictures(0)[0]
    before = picture.copy()
    writer.add(picture, {}, None)
    picture[:] = 0
    writer.finish()
    np.testing.assert_array_equal(SpooledEpisode(tmp_path / "a").observations[0], before)


def test_a_picture_in_any_memory_layout_is_kept(tmp_path: Path) -> None:
    shown = pictures(0)[0]
    writer = SpoolWriter(tmp_path / "a", None)
    writer.add(np.asfortranarray(shown), {}, None)
    writer.finish()
    np.testing.assert_array_equal(SpooledEpisode(tmp_path / "a").observations[0], shown)


def test_a_header_comes_back(tmp_path: Path) -> None:
    written = header()
    written.save(tmp_path / "header")
    assert Header.load(tmp_path / "header") == written
