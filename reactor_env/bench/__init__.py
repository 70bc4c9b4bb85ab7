"""The streamed frame-latency benchmark: one ruler for every client. See ``docs/benchmarks.md``.

The world ``probe`` draws number, clock and last action into every frame, so that a client needs
nothing but a picture to be measured. :mod:`~reactor_env.bench.harness` starts its runtime and has
peers take turns on it, each in a process of its own
(:mod:`~reactor_env.bench.child`), which writes a raw :class:`~reactor_env.bench.trace.Trace`.
Everything after that is pure: :mod:`~reactor_env.bench.measures` of a trace,
:mod:`~reactor_env.bench.statistics` over rounds, the report and its comparison with another.
"""
