"""The result document of a job that failed."""

from __future__ import annotations

import json


def failure_document(code: str, message: str) -> bytes:
    """Write `{"error": {"message", "code"}}`, as the API does for a FAILED job.

    Args:
        code: `refused`, `failed`, `time_limit`, `worker_died` or `aborted`.
        message: What happened, in a sentence.
    """
    return json.dumps({"error": {"message": message, "code": code}}).encode()
