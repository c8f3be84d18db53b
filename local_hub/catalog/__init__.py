"""The backends of the local Hub, from JSON files beside this module.

- `backends/<id>.json`: what `GET /backends/{id}` says;
- `devices/<id>.json`: what `GET /backends/{id}/config` says, in the vendor's own format;
- `calibrations/<id>.json`: a list of `{"calibrated_at", "calibration"}`, oldest first;
- `limits/<id>.json`: what this machine holds of the backend, in the engine's own names; not served.

Large ones are gzip files (`.json.gz`). Devices and calibrations are read when they are asked for.
"""

from __future__ import annotations

import difflib
import gzip
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Calibration:
    """The figures of a device at a time.

    Attributes:
        calibrated_at: Since when they hold.
        body: What the API answers, as JSON text.
    """

    calibrated_at: datetime
    body: bytes


@dataclass(frozen=True)
class Backend:
    """A backend.

    Attributes:
        document: What the API says of it, live figures apart.
        limits: What this machine holds; the names are the engine's.
        folder: Where the catalog's files are.
    """

    document: dict[str, Any]
    limits: dict[str, int]
    folder: Path

    @property
    def id(self) -> str:
        """The backend's id."""
        return str(self.document["id"])

    @property
    def provider(self) -> str:
        """The cloud that offers it."""
        return str(self.document["provider"])

    @property
    def is_device(self) -> bool:
        """Whether it is a quantum computer, which runs one job at a time."""
        return bool(self.document["type"] == "QPU")

    @property
    def input_formats(self) -> list[str]:
        """The formats it takes; the first is the one meant when a job names none."""
        return list(self.document["configuration"]["supported_input_formats"])

    @property
    def qubit_count(self) -> int:
        """How many qubits the device has."""
        return int(self.document["configuration"]["qubit_count"])

    @property
    def shots_range(self) -> tuple[int, int]:
        """The fewest and the most shots of a job."""
        bounds = self.document["configuration"]["shots_range"]
        return int(bounds["min"]), int(bounds["max"])

    @cached_property
    def config(self) -> bytes:
        """The device document, as JSON text."""
        return _text(self.folder / "devices" / f"{self.id}.json")

    @cached_property
    def calibrations(self) -> list[Calibration]:
        """Its calibrations, oldest first; none where the vendor publishes none."""
        if not self.document["has_calibration"]:
            return []
        return [
            Calibration(
                datetime.fromisoformat(item["calibrated_at"]),
                json.dumps({"backend_id": self.id, **item}).encode(),
            )
            for item in _json(self.folder / "calibrations" / f"{self.id}.json")
        ]

    def calibration(self, at: datetime | None) -> Calibration | None:
        """The newest calibration, or the one that held at a time; None where there is none."""
        known = [item for item in self.calibrations if at is None or item.calibrated_at <= at]
        return known[-1] if known else None


class Catalog:
    """All backends, by id."""

    def __init__(self, folder: Path = _HERE) -> None:
        self._backends = {
            path.stem: _read_backend(folder, path.stem)
            for path in sorted((folder / "backends").glob("*.json"))
        }

    def all(self) -> list[Backend]:
        """All backends, by id."""
        return list(self._backends.values())

    def get(self, backend_id: str) -> Backend | None:
        """One backend, if there is such a one."""
        return self._backends.get(backend_id)

    def meant(self, backend_id: str) -> str:
        """Which backends may have been meant, in a sentence; all of them where none is near."""
        near = difflib.get_close_matches(backend_id, self._backends, n=3, cutoff=0.4)
        return (
            f"Did you mean {' or '.join(near)}?"
            if near
            else f"There are {', '.join(self._backends)}."
        )


def device_document(backend_id: str) -> Any:
    """What `/config` says of a backend, for its engine."""
    return _json(_HERE / "devices" / f"{backend_id}.json")


def newest_calibration(backend_id: str) -> Any:
    """The calibration that a backend's engine draws its noise from."""
    return _json(_HERE / "calibrations" / f"{backend_id}.json")[-1]["calibration"]


def _read_backend(folder: Path, backend_id: str) -> Backend:
    name = f"{backend_id}.json"
    limits = folder / "limits" / name
    return Backend(
        document=_json(folder / "backends" / name),
        limits=_json(limits) if limits.exists() else {},
        folder=folder,
    )


def _json(path: Path) -> Any:
    return json.loads(_text(path))


def _text(path: Path) -> bytes:
    """A file's text, whether it is packed or not."""
    if path.exists():
        return path.read_bytes()
    return gzip.decompress(path.with_name(path.name + ".gz").read_bytes())
