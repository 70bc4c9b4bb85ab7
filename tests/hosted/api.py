"""The routes of the coordinator: tokens, sessions, signalling, the account (``platform.md`` B3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from tests.hosted.answers import Answer, Refused, document, error
from tests.hosted.backends import RUNTIME_SESSION_ID, Backend
from tests.hosted.ledger import CLUSTER
from tests.hosted.routes import WEBRTC_VERSION_HEADER, checked, endpoint, json_object
from tests.hosted.sessions import Sessions
from tests.hosted.state import Settings
from tests.hosted.tokens import Grant, TokenOffice, parse_request


@dataclass(frozen=True)
class Api:
    """The handlers.

    Args:
        tokens: Knows who may do what.
        sessions: All sessions.
        backend: Where signalling goes.
        settings: The service's settings.
    """

    tokens: TokenOffice
    sessions: Sessions
    backend: Backend
    settings: Settings

    def routes(self) -> list[Route]:
        """Return the routes."""

        def route(path: str, handler: Any, method: str, **kind: bool) -> Route:
            return Route(path, endpoint(checked(self.settings, handler, **kind)), methods=[method])

        return [
            Route("/tokens", endpoint(self.mint), methods=["POST"]),
            route("/sessions", self.create, "POST"),
            route("/sessions/{sid}", self.describe, "GET"),
            route("/sessions/{sid}", self.move, "PUT"),
            route("/sessions/{sid}", self.end, "DELETE"),
            route("/sessions/{sid}/info", self.info, "GET"),
            *(
                route(
                    "/sessions/{sid}/transport/webrtc/{rest:path}",
                    self.signal,
                    method,
                    signalling=True,
                )
                for method in ("GET", "POST", "PUT")
            ),
            route("/sessions/{sid}/steps", self.steps, "GET"),
            route("/sessions/{sid}/steps/{rest:path}", self.steps, "GET"),
            route("/models", self.models, "GET"),
            route("/pricing", self.pricing, "GET"),
            route("/me", self.me, "GET"),
            route("/accounts/{account_id}/quotas", self.quotas, "GET"),
        ]

    def grant(self, request: Request) -> Grant:
        """Return what the request's bearer may do.

        Raises:
            Refused: 401.
        """
        return self.tokens.check(request.headers.get("Authorization"))

    async def mint(self, request: Request) -> Answer:
        """``POST /tokens``."""
        account_id = self.tokens.account_of_key(request.headers.get("Reactor-API-Key"))
        token, expires_at = self.tokens.mint(
            account_id,
            parse_request(await request.body()),
            max_seconds=self.settings.max_token_seconds,
            bindable=self.sessions.bindable,
        )
        return document(200, {"jwt": token, "expires_at": expires_at})

    async def create(self, request: Request) -> Answer:
        """``POST /sessions``."""
        grant = self.grant(request)
        wanted = await json_object(request)
        model = wanted.get("model")
        if not (isinstance(model, dict) and isinstance(model.get("name"), str)):
            raise Refused(error(400, "invalid_request", "model.name is required"))
        transports = wanted.get("supported_transports")
        if not any(
            isinstance(offered, dict) and offered.get("protocol") == "webrtc"
            for offered in (transports if isinstance(transports, list) else ())
        ):
            raise Refused(error(400, "invalid_request", "supported_transports must have webrtc"))
        for name in ("extra_configs", "extra_args"):
            if not isinstance(wanted.get(name) or {}, dict):
                raise Refused(error(400, "invalid_request", f"{name} must be an object"))
        return document(201, self.sessions.create(grant, wanted).public())

    async def describe(self, request: Request) -> Answer:
        """``GET /sessions/{id}``: ``CLOSED`` once it has ended."""
        session = self.sessions.find(request.path_params["sid"], self.grant(request))
        return document(200, self.sessions.poll(session))

    async def info(self, request: Request) -> Answer:
        """``GET /sessions/{id}/info``."""
        session = self.sessions.find(request.path_params["sid"], self.grant(request))
        return document(
            200, {"session_id": session.session_id, "state": session.state, "cluster": CLUSTER}
        )

    async def move(self, request: Request) -> Answer:
        """``PUT /sessions/{id}``."""
        session = self.sessions.find_live(request.path_params["sid"], self.grant(request))
        await self.sessions.move(session)
        return document(200, session.public())

    async def end(self, request: Request) -> Answer:
        """``DELETE /sessions/{id}``: no body; 404 once it has ended."""
        session = self.sessions.find_live(request.path_params["sid"], self.grant(request))
        reason = (await json_object(request)).get("reason")
        await self.sessions.end(session, str(reason or "deleted"))
        return Answer(204)

    async def signal(self, request: Request) -> Answer:
        """Everything under ``/sessions/{id}/transport/webrtc``: the runtime's own signalling."""
        session = self.sessions.find_live(request.path_params["sid"], self.grant(request))
        if session.described is None:
            raise Refused(document(400, {"detail": "No session running"}))
        rest = request.path_params["rest"]
        if rest == "ice_servers" and self.settings.ice_servers is not None:
            return document(200, {"ice_servers": self.settings.ice_servers})
        wanted = ("content-type", WEBRTC_VERSION_HEADER)
        return await self.backend.send(
            request.method,
            f"/sessions/{RUNTIME_SESSION_ID}/transport/webrtc/{rest}",
            content=await request.body(),
            headers={name: request.headers[name] for name in wanted if name in request.headers},
        )

    async def steps(self, request: Request) -> Answer:
        """``GET /sessions/{id}/steps[/n[/file]]``: what the runtime saved, also after the end."""
        session = self.sessions.find(request.path_params["sid"], self.grant(request))
        rest = request.path_params.get("rest", "")
        path = f"/sessions/{session.session_id}/steps"
        return await self.backend.send("GET", f"{path}/{rest}" if rest else path)

    async def models(self, request: Request) -> Answer:
        """``GET /models``: the catalogue."""
        self.grant(request)
        return document(200, {"models": [{"name": name} for name in self.settings.models]})

    async def pricing(self, request: Request) -> Answer:
        """``GET /pricing``: credits per second, for everybody to read."""
        del request
        return document(
            200,
            {
                "models": [
                    {"name": name, "credits_per_second": credits}
                    for name, credits in self.settings.prices.items()
                ]
            },
        )

    async def me(self, request: Request) -> Answer:
        """``GET /me``."""
        return document(200, {"account_id": self.grant(request).account_id})

    async def quotas(self, request: Request) -> Answer:
        """``GET /accounts/{id}/quotas``, with the API key."""
        account_id = self.tokens.account_of_key(request.headers.get("Reactor-API-Key"))
        if request.path_params["account_id"] != account_id:
            raise Refused(error(404, "account_not_found", "no such account"))
        return document(
            200,
            {
                "concurrent_sessions": self.settings.concurrent_sessions,
                "sessions_per_minute": self.settings.sessions_per_minute,
            },
        )


def build_app(routes: list[Route]) -> Starlette:
    """Return the application; a path with a slash too many is unknown, not redirected."""
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return app
