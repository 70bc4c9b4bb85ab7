"""Session descriptions as servers give them."""

from __future__ import annotations

from typing import Any

from reactor_env.client.coordinator.local import LOCAL_SESSION_ID

VIDEO = {"name": "main_video", "kind": "video", "direction": "recvonly"}

# What reactor-runtime 3.10.0 answered to POST /start_session.
LOCAL: dict[str, Any] = {
    "session_id": LOCAL_SESSION_ID,
    "state": "waiting",
    "cluster": "local",
    "model": {"name": "catch"},
    "server_info": {"server_version": "3.10.0"},
    "selected_transport": {"protocol": "webrtc", "version": "1.0"},
    "transports": [{"protocol": "webrtc", "version": "1.0"}],
    "recording": {"enabled": False, "chunk_seconds": 4},
    "step_results": {"enabled": False},
    "generation": "stepped",
    "capabilities": {"protocol_version": "v0", "tracks": [VIDEO], "commands": []},
}

STREAMED = LOCAL | {"generation": "streamed"}

# As platform.md B3 describes it, once a runtime has taken the session.
HOSTED: dict[str, Any] = {
    "session_id": "s1",
    "state": "WAITING",
    "cluster": "eu",
    "model": {"name": "reactor/m", "version": "v1"},
    "selected_transport": {"protocol": "webrtc", "version": "1.0"},
    "capabilities": {"protocol_version": "v0", "tracks": [VIDEO]},
}

PENDING: dict[str, Any] = {
    "session_id": "s1",
    "state": "PENDING",
    "model": {"name": "reactor/m"},
}
