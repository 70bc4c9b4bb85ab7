"""Signed URLs: where uploads go and where the segments of clips come from (``platform.md`` B8).

A signed URL needs no ``Authorization``; with one it is refused, as object stores do, so a client
that sends its token there fails.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from tests.hosted.answers import Refused, error
from tests.hosted.state import Clock

PREFIX = "/storage"


@dataclass
class Upload:
    """A file that a client announced.

    Attributes:
        upload_id: What commands refer to it by; the runtime's own id.
        session_id: The session it belongs to.
        name: As announced.
        size: In bytes, as announced.
        mime_type: As announced.
        url: Where the client was told to put it.
        content: What was put there; ``None`` until then.
    """

    upload_id: str
    session_id: str
    name: str
    size: int
    mime_type: str
    url: str
    content: bytes | None = None


class Signatures:
    """Signs paths for a limited time.

    Args:
        clock: The service's clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._signed: dict[str, tuple[str, float]] = {}

    def sign(self, path: str, seconds: float) -> str:
        """Return ``path`` with a query that opens it for ``seconds``."""
        signature = secrets.token_urlsafe(24)
        expires = self._clock.now() + seconds
        self._signed[signature] = (path, expires)
        return f"{path}?X-Expires={int(expires)}&X-Signature={signature}"

    def check(self, path: str, signature: str | None, authorization: str | None) -> None:
        """Let a request for a signed path through.

        Raises:
            Refused: 400 for a request that is authorised twice, 403 for a signature that is
                missing, another path's or expired.
        """
        signed_path, expires = self._signed.get(signature or "", ("", 0.0))
        if signed_path != path:
            raise Refused(error(403, "signature_mismatch", "the signature is not valid for this"))
        if authorization is not None:
            raise Refused(
                error(400, "invalid_request", "only one authorization: the signature suffices")
            )
        if self._clock.now() >= expires:
            raise Refused(error(403, "url_expired", "the signed URL has expired"))
