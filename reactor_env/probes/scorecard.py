"""Findings as a scorecard: data, Markdown, and a page that sets several models side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reactor_env.evaluation.aggregates import mean
from reactor_env.evaluation.bootstrap import Interval, interval
from reactor_env.page import Page, new_figure
from reactor_env.probes.findings import Finding

SCHEMA_VERSION = 1
_CURVES = {"holds_still": "while nothing is done", "comes_round": "while turning"}

HOW_TO_READ = (
    "A score is 1 for a world that does what it should and 0 for one that does not; likeness is "
    "the structural similarity of gray pictures of 128x96. Intervals are percentiles of a "
    "bootstrap over the repeats, each of which began with another seed. no_motion: nothing moved, "
    "so that coming back was no achievement; wrong_way: the picture moved against the action's "
    "name."
)


@dataclass(frozen=True)
class Scorecard:
    """What was found about one model.

    Attributes:
        name: The model.
        findings: What was found.
        about: Mode, command, machine; values that JSON has.
    """

    name: str
    findings: Sequence[Finding]
    about: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            **self.about,
            "schema_version": SCHEMA_VERSION,
            "name": self.name,
            "findings": [finding.document() for finding in self.findings],
        }


def read_scorecard(path: Path) -> Scorecard:
    """Read a scorecard's ``report.json``.

    Raises:
        ValueError: If it is none, or of another version.
        OSError: If it cannot be read.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        version = data.pop("schema_version")
        if version != SCHEMA_VERSION:
            raise ValueError(f"its version must be {SCHEMA_VERSION}, got {version}")
        findings = [
            Finding(**{**one, "values": tuple(one["values"]), "curve": tuple(one["curve"])})
            for one in data.pop("findings")
        ]
        return Scorecard(data.pop("name"), findings, data)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path} must be the report of `reactor-env probe`: {error}") from error


def summary(finding: Finding) -> Interval | None:
    """Return a finding's mean with its 95 % interval; ``None`` where nothing was measured."""
    if not finding.values:
        return None
    return interval(mean, np.asarray(finding.values)[:, None])


def cell(finding: Finding | None) -> str:
    """Say what was found in a few words."""
    if finding is None:
        return "-"
    found = summary(finding)
    parts = [found.text()] if found is not None else ["not seen"]
    if finding.unit not in ("score", "ratio") and found is not None:
        parts.append(finding.unit)
    parts += [f"({flag} {count}x)" for flag, count in finding.flags.items()]
    if finding.missing and found is not None:
        parts.append(f"(not seen {finding.missing}x)")
    return " ".join(parts)


def rows(cards: Sequence[Scorecard]) -> list[list[str]]:
    """Return the lines of the table: probe, what, and a cell for each model."""
    found = [{(one.probe, one.about): one for one in card.findings} for card in cards]
    keys = dict.fromkeys(key for one in found for key in one)
    return [[*key, *(cell(one.get(key)) for one in found)] for key in keys]


def markdown(cards: Sequence[Scorecard], title: str) -> str:
    """Write the table."""
    heading = ["probe", "what", *(card.name for card in cards)]
    lines = [f"# {title}", "", HOW_TO_READ, ""]
    lines += [f"| {' | '.join(line)} |" for line in (heading, ["---"] * len(heading), *rows(cards))]
    lines += ["", *(f"{card.name}: {card.about.get('machine_line', '')}" for card in cards), ""]
    return "\n".join(lines)


def page(cards: Sequence[Scorecard], title: str, films: Mapping[str, Path] | None = None) -> Page:
    """Make the page.

    Args:
        cards: The models, side by side.
        title: The page's name.
        films: Videos by what they show.
    """
    made = Page(title, "World-model probes: does it respond, hold still, and come back?")
    made.text(HOW_TO_READ)
    made.table(["probe", "what", *(card.name for card in cards)], rows(cards))
    for probe, doing in _CURVES.items():
        curves = [
            (f"{card.name}, {one.about}", one.curve)
            for card in cards
            for one in card.findings
            if one.probe == probe and one.curve
        ]
        if not curves:
            continue
        figure = new_figure()
        axes = figure.subplots()
        for label, curve in curves:
            axes.plot(range(1, len(curve) + 1), curve, label=label)
        axes.set(xlabel="frames", ylabel="likeness to the start", ylim=(-0.05, 1.05))
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize="small")
        made.figure(figure, caption=f"Likeness to the first picture {doing}, mean of the repeats.")
    if films:
        made.heading("What each action does")
        for name, path in films.items():
            made.video(path, caption=name)
    for card in cards:
        made.heading(card.name)
        made.text(str(card.about.get("machine_line", "")))
        if card.about.get("command"):
            made.code(str(card.about["command"]))
    return made
