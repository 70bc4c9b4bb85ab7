"""Twins: small models that behave like published ones, without their weights.

A twin publishes the schema of the model it stands for (``reactor_env/models/schemas/<name>.toml``),
sends its messages and has its quirks, and runs in the real reactor-runtime. What its frames show
proves what happened: :mod:`tests.twins.picture`. How a published model behaves is taken from
``platform.md`` C2, C3 and E3 to E5; what a twin assumes beyond them, its ``world.py`` says.

The runtime's process imports ``tests.twins`` by the path that the editable install of ``make`` puts
there, not by the working directory, which is the twin's folder.
"""
