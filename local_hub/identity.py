"""Job ids and simulation seeds: random, or derived from `--seed` so that a run can be repeated."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any


def fingerprint(backend_id: str, input_format: str, input: Any, params: Any, shots: int) -> str:
    """Name what a job computes, whatever its name and tags, and in whatever order its keys came."""
    canonical = json.dumps(
        [backend_id, input_format, input, params, shots], sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def simulation_seed(job_id: str) -> int:
    """The seed of a job's simulation. It follows from the id, so that a job that runs again gives the same result."""
    return int.from_bytes(hashlib.sha256(f"simulation:{job_id}".encode()).digest()[:8], "big") >> 1


class JobIds:
    """Makes job ids."""

    def __init__(
        self,
        seed: int | None,
        times_seen: Callable[[str], int],
        is_taken: Callable[[str], bool],
    ) -> None:
        """Set the way to make ids.

        Args:
            seed: None for random ids; else an id follows from the seed, the job's fingerprint and how many jobs with
                this fingerprint came before, whatever else runs.
            times_seen: How many stored jobs have a fingerprint.
            is_taken: Whether a job has an id. An earlier number may be missing in the store: it could not be stored.
        """
        self._seed = seed
        self._times_seen = times_seen
        self._is_taken = is_taken
        self._seen: dict[str, int] = {}

    def next(self, mark: str) -> str:
        """Make the id of the next job with this fingerprint."""
        if self._seed is None:
            return str(uuid.uuid4())
        seen = self._seen.get(mark)
        if seen is None:
            seen = self._times_seen(mark)
            while self._is_taken(self._id(mark, seen)):
                seen += 1
        self._seen[mark] = seen + 1
        return self._id(mark, seen)

    def _id(self, mark: str, seen: int) -> str:
        digest = hashlib.sha256(f"job:{self._seed}:{mark}:{seen}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))
