"""Quandela's documents and calibrations, and that the script writes them."""

from __future__ import annotations

from pathlib import Path

import perceval as pcvl
import pytest
from perceval.serialization import deserialize

from scripts.catalog import common, quandela
from tests.quick.local_hub.contract import component, conforms
from tests.quick.local_hub.hub_process import HubProcess
from tests.quick.local_hub.quandela_payloads import ALTAIR, BELENOS, calibrated, experiment, remote


@pytest.mark.parametrize(("backend", "modes", "photons"), [(ALTAIR, 20, 10), (BELENOS, 24, 12)])
def test_documents(hub: HubProcess, backend: str, modes: int, photons: int) -> None:
    said = hub.http.get(f"/backends/{backend}").json()
    conforms(said, component("Backend"))
    photonic = said["configuration"]["photonic_properties"]
    assert photonic == {
        "max_modes": modes,
        "min_modes": 1,
        "max_photons": photons,
        "min_photons": 1,
    }
    details = hub.http.get(f"/backends/{backend}/config").json()
    assert details["specs"]["constraints"]["max_mode_count"] == modes
    assert said["has_calibration"] is (backend == BELENOS)
    assert (details.get("synthetic") is True) is (backend == BELENOS)
    # Perceval reads them: limits, detectors, and the noise of the performance figures.
    _, handler = remote(hub, backend, experiment(pcvl.BS(), [1, 1], 2))
    specs = pcvl.runtime.PlatformSpecs(deserialize(handler.fetch_platform_details()["specs"]))
    if backend == BELENOS:
        chip = specs.architecture
        assert chip.circuit_size == 24
        assert chip.input_state.n == 12
        assert {type(detector) for detector in chip.detectors} == {pcvl.Detector}
        assert details["perfs"]["HOM (%)"] == pytest.approx(
            100 * calibrated(hub).indistinguishability
        )


def test_calibrations_have_a_history(hub: HubProcess) -> None:
    path = f"/backends/{BELENOS}/calibration"
    conforms(hub.http.get(path).json(), component("CalibrationResponse"))
    figures = set()
    for day in ("2026-10-06", "2026-10-27", "2026-11-17"):
        found = hub.http.get(path, params={"effectiveAt": f"{day}T00:00:00Z"}).json()
        assert found["calibrated_at"] < day
        assert found["calibration"]["synthetic"] is True
        figures.add(found["calibration"]["noise"]["transmittance"])
    assert len(figures) == 3
    earlier = hub.http.get(path, params={"effectiveAt": "2026-01-01T00:00:00Z"})
    assert earlier.status_code == 204


def test_the_script_writes_the_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = common.CATALOG
    monkeypatch.setattr(common, "CATALOG", tmp_path)
    quandela.main()
    written = sorted(path.relative_to(tmp_path) for path in tmp_path.glob("*/*.json"))
    assert len(written) == 7
    for path in written:
        assert (tmp_path / path).read_bytes() == (shipped / path).read_bytes()
