"""HTTP: tokens, sessions, WebRTC signalling and uploads, hosted and local.

:class:`~reactor_env.client.coordinator.local.LocalCoordinator` talks to a ``reactor-runtime``
process, :class:`~reactor_env.client.coordinator.hosted.HostedCoordinator` to the hosted service;
:class:`~reactor_env.client.coordinator.base.Coordinator` is what both can do.
"""
