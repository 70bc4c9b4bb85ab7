"""Datasets in the formats of Minari and LeRobot, written by those libraries themselves.

An episode is spooled to disk while it is played (:mod:`~reactor_env.datasets.spool`), and added to
the dataset by a process of its own (:mod:`~reactor_env.datasets.exporter`): a live session does not
share its interpreter with the libraries' writers (Minari's held it for 0.56 s at a time on an
episode of 1.1 GB), and LeRobot cannot be installed beside a local runtime.
"""
