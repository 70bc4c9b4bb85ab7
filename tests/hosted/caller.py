"""A client of the service that does what it is told, for tests of the service itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from tests.hosted.coordinator import HostedService

MODEL = "reactor/catch"


def scope(models: Any = None, bind: list[str] | None = None, **constraints: Any) -> dict[str, Any]:
    """Return the body that asks for a scoped token; ``models`` is ``{"all": True}`` by default."""
    resources: dict[str, Any] = {"models": {"all": True} if models is None else models}
    if bind is not None:
        resources["sessions"] = {"bind": bind}
    detail = {"type": "session", "resources": resources, "constraints": constraints}
    return {"authorization_details": [detail]}


class Caller:
    """Plain HTTP, with an unscoped token unless another one is given.

    Args:
        service: Whom to call.
    """

    def __init__(self, service: HostedService) -> None:
        self.service = service
        self.http = httpx.Client(base_url=service.url, timeout=10.0, trust_env=False)
        self._token = ""

    def mint(self, body: Any = None, key: str | None = None, **options: Any) -> httpx.Response:
        """``POST /tokens``; no body when ``body`` is ``None``."""
        if body is not None:
            options["json"] = body
        key = self.service.api_key if key is None else key
        return self.http.post("/tokens", headers={"Reactor-API-Key": key}, **options)

    def token(self, body: Any = None) -> str:
        """Return a token."""
        response = self.mint(body)
        assert response.status_code == 200, response.text
        jwt: str = response.json()["jwt"]
        return jwt

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> httpx.Response:
        """Send a request with a bearer token."""
        if token is None:
            self._token = self._token or self.token()
            token = self._token
        sent = {"Authorization": f"Bearer {token}", **(headers or {})}
        return self.http.request(method, path, headers=sent, **options)

    def create(self, token: str | None = None, model: str = MODEL, **more: Any) -> httpx.Response:
        """``POST /sessions``."""
        body = {
            "model": {"name": model},
            "client_info": {"sdk_version": "0", "sdk_type": "python"},
            "supported_transports": [{"protocol": "webrtc", "version": "1.0"}],
            **more,
        }
        return self.call("POST", "/sessions", token=token, json=body)

    def session(self, token: str | None = None, more: Mapping[str, Any] | None = None) -> str:
        """Create a session, wait until it has a machine, and return its id."""
        response = self.create(token, **(more or {}))
        assert response.status_code == 201, response.text
        session_id: str = response.json()["session_id"]
        self.service.wait(
            "a machine", lambda: self.service.session(session_id).described is not None
        )
        return session_id
