"""The routes of files: uploads, clips, and the signed URLs of both (``platform.md`` B3, B8)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from tests.hosted.answers import JSON, Answer, Refused, document, error
from tests.hosted.api import Api
from tests.hosted.backends import RUNTIME_SESSION_ID
from tests.hosted.routes import checked, endpoint, json_object
from tests.hosted.state import Watch
from tests.hosted.storage import PREFIX, Signatures, Upload

_CHUNK = re.compile(r"/clips/chunks/[^\s\"]+")


@dataclass
class FilesApi:
    """The handlers.

    Args:
        api: Knows tokens, sessions, settings and the backend.
        signatures: Signs URLs.
        watch: Guards ``uploads``.
        storage_url: The origin of signed URLs, which is not the coordinator's.
    """

    api: Api
    signatures: Signatures
    watch: Watch
    storage_url: str
    uploads: dict[str, Upload] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        """Return the coordinator's routes."""
        settings = self.api.settings
        announce = checked(settings, self.announce)
        manifest = checked(settings, self.manifest)
        return [
            Route("/sessions/{sid}/uploads", endpoint(announce), methods=["POST"]),
            Route("/clips", endpoint(manifest), methods=["GET"]),
        ]

    def storage_routes(self) -> list[Route]:
        """Return the routes of the object store."""
        return [
            Route(f"{PREFIX}/uploads/{{upload_id}}", endpoint(self.store), methods=["PUT"]),
            Route(f"{PREFIX}/clips/chunks/{{rest:path}}", endpoint(self.segment), methods=["GET"]),
        ]

    async def announce(self, request: Request) -> Answer:
        """``POST /sessions/{id}/uploads``: a presigned URL for a file."""
        session = self.api.sessions.find_live(request.path_params["sid"], self.api.grant(request))
        wanted = await json_object(request)
        name, size, mime_type = (wanted.get(key) for key in ("name", "size", "mime_type"))
        if not (isinstance(name, str) and name and isinstance(mime_type, str) and mime_type):
            raise Refused(error(400, "invalid_request", "name and mime_type are required"))
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise Refused(error(400, "invalid_request", "size must be a positive number of bytes"))
        reserved = await self.api.backend.send(
            "POST",
            f"/sessions/{RUNTIME_SESSION_ID}/uploads",
            content=await request.body(),
            headers={"content-type": JSON},
        )
        if reserved.status != 201:
            return reserved
        described: dict[str, Any] = reserved.json()
        upload_id = described["presigned_id"]
        path = f"{PREFIX}/uploads/{upload_id}"
        signed = self.signatures.sign(path, self.api.settings.upload_url_seconds)
        url = f"{self.storage_url}{signed}"
        with self.watch:
            self.uploads[upload_id] = Upload(
                upload_id, session.session_id, name, size, mime_type, url
            )
        described |= {
            "presigned_url": url,
            "path": f"sessions/{session.session_id}/uploads/{upload_id}/{name}",
        }
        return document(201, described)

    async def store(self, request: Request) -> Answer:
        """``PUT`` of the bytes to a presigned URL; the announced content type is part of it."""
        self._check_signed(request)
        upload = self.uploads[request.path_params["upload_id"]]
        if request.headers.get("content-type") != upload.mime_type:
            raise Refused(
                error(403, "signature_mismatch", f"Content-Type must be {upload.mime_type}")
            )
        content = await request.body()
        answer = await self.api.backend.send("PUT", f"/uploads/{upload.upload_id}", content=content)
        if answer.status == 200:
            with self.watch:
                upload.content = content
        return answer

    async def manifest(self, request: Request) -> Answer:
        """``GET /clips``: the runtime's manifest, its segments behind signed URLs."""
        grant = self.api.grant(request)
        query = request.query_params
        missing = [name for name in ("session_id", "start", "end") if name not in query]
        if missing:
            raise Refused(error(400, "invalid_request", f"missing: {', '.join(missing)}"))
        session = self.api.sessions.find(query["session_id"], grant)
        answer = await self.api.backend.send(
            "GET",
            "/clips",
            params={
                "session_id": session.session_id,
                "start": query["start"],
                "end": query["end"],
            },
        )
        # The runtime's framework says 422 where the platform says 400.
        if answer.status == 422:
            raise Refused(error(400, "invalid_request", "start and end must be seconds"))
        if answer.status != 200:
            return answer
        text = _CHUNK.sub(lambda found: self._signed_chunk(found[0]), answer.body.decode())
        return Answer(200, text.encode(), answer.headers)

    async def segment(self, request: Request) -> Answer:
        """``GET`` of a clip's segment by its signed URL."""
        self._check_signed(request)
        return await self.api.backend.send("GET", request.url.path.removeprefix(PREFIX))

    def _signed_chunk(self, path: str) -> str:
        seconds = self.api.settings.clip_url_seconds
        return f"{self.storage_url}{self.signatures.sign(f'{PREFIX}{path}', seconds)}"

    def _check_signed(self, request: Request) -> None:
        self.signatures.check(
            request.url.path,
            request.query_params.get("X-Signature"),
            request.headers.get("Authorization"),
        )
