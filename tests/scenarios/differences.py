"""Why clients may differ: the reasons ``docs/client.md`` explains, by the name it gives each."""

from __future__ import annotations

REASONS = {
    "json-silence": "protocol v0 answers no command: nothing to return, nothing to raise",
    "json-size": "a message of protocol v0 has at most 256 KiB",
    "json-stepped": "protocol v0 has no steps",
    "sdk-first-message": "the SDK loses most of what a model sends before it has heard the client",
    "sdk-waiting": "the SDK announces waiting also where there is nothing to wait for",
    "sdk-session-end": "the SDK does not notice that the platform has ended the session",
    "error-codes": "the documented codes of error events, and those of the SDK",
    "busy-runtime": "this client waits until a local runtime is free, the SDK refuses at once",
}
