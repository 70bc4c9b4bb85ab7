"""The hosted service as tests see it: its HTTP API in front of a real runtime.

:class:`tests.hosted.coordinator.HostedService` is the part a test talks to.
"""
