"""A network worse than loopback, the same for every peer of a benchmark.

:mod:`~reactor_env.bench.network.conditions` decides the fate of each datagram,
:mod:`~reactor_env.bench.network.path` carries it out between client and runtime,
:mod:`~reactor_env.bench.network.signalling` puts the path into offer and answer, and
:mod:`~reactor_env.bench.network.relay` is the process that does it all. No client takes part in it:
it is given another URL.
"""
