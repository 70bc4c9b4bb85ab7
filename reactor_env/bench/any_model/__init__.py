"""The benchmark of any model: what a session with one that stamps nothing tells of itself.

:mod:`~.plan` says how, :mod:`~.session` measures one connection, :mod:`~.trials` acts and watches,
:mod:`~.onset` finds the first frame that shows an action, :mod:`~.measures` and :mod:`~.report`
turn that into numbers, :mod:`~.write` into files. ``docs/benchmarks.md`` describes it.
"""
