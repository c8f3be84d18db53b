"""`HubIBMBackend`: one of IBM's backends, for IBM's primitives and for `backend.run` alike."""

from __future__ import annotations

import copy
import datetime as dt
from typing import TYPE_CHECKING, Any

from qiskit.providers import Options
from qiskit_ibm_runtime import IBMBackend
from qiskit_ibm_runtime.models import BackendProperties, QasmBackendConfiguration
from qiskit_ibm_runtime.utils.backend_converter import convert_to_target
from qiskit_ibm_runtime.utils.backend_decoder import (
    configuration_from_server_data,
    properties_from_server_data,
)

from qhub_qiskit.backend import HubBackend
from shared_transport.errors import ServerError

if TYPE_CHECKING:
    from qiskit.transpiler import Target
    from qiskit_ibm_runtime.models import BackendStatus

    from qhub_qiskit.systems.base import Device
    from shared_transport.models import Backend

    from .service import HubRuntimeService

__all__ = ["HubIBMBackend"]


class HubIBMBackend(HubBackend, IBMBackend):
    """One of IBM's backends of the Hub: an `IBMBackend` that has `run`, and all else that a `HubBackend` has.

    ``name`` is the Hub's id, ``backend_name`` IBM's own. Target and properties are made by IBM's converters, from what
    the Hub says of the device; they are read when they are first needed.

    Args:
        service: The service that it belongs to.
        hub_backend: What the Hub says of it.
        provider: The provider that it was asked of.
        use_fractional_gates: Whether its target has ``rx`` and ``rzz``; None leaves the document as it is.
    """

    def __init__(
        self,
        service: HubRuntimeService,
        hub_backend: Backend,
        *,
        provider: object = None,
        use_fractional_gates: bool | None = False,
    ) -> None:
        self._service = service
        self._api_client = service._active_api_client
        self._fractional = use_fractional_gates
        self._instance = None
        self._calibration_id = None
        self._physical_qubits = None
        self._is_mock = False
        self._target = None
        self._properties: BackendProperties | None = None
        self._read_configuration: QasmBackendConfiguration | None = None
        HubBackend.__init__(self, service.client, hub_backend, provider=provider)
        # Of these, IBM's __getattr__ finds the configuration's.
        del self.online_date, self.backend_version

    def properties(
        self, refresh: bool = False, datetime: dt.datetime | None = None
    ) -> BackendProperties | None:
        """The calibration in IBM's own class; None if there is none.

        Args:
            refresh: Read it anew.
            datetime: The one that was effective then; a time without a zone is local.
        """
        if not isinstance(refresh, bool):
            raise TypeError(f"refresh is True or False, not {refresh!r}.")
        if datetime is not None:
            if not isinstance(datetime, dt.datetime):
                raise TypeError(f"datetime is a datetime, not {datetime!r}.")
            # IBM's own `local_to_utc` takes any zone but UTC for the local one.
            when = datetime.astimezone(dt.UTC)
            raw = self._api_client.backend_properties(self.name, datetime=when)
            return self._as_properties(raw)
        if refresh:
            self.refresh()
        if self._properties is None:
            device = self._device_documents()
            self._properties = self._as_properties(
                device.calibration or device.config.get("properties")
            )
        return self._properties

    def target_history(self, datetime: dt.datetime | None = None) -> Target:
        """The target with the properties that were effective at a time."""
        return convert_to_target(self._configuration, self.properties(datetime=datetime))

    def status(self) -> BackendStatus:
        """Whether the backend runs, and its queue, in IBM's own class; at most a few seconds old."""
        return IBMBackend.status(self)

    def refresh(self) -> None:
        """Read what the Hub says of the backend anew; all that is made of it follows when it is used."""
        HubBackend.refresh(self)
        self._api_client.remember(self.hub_backend)

    def get_translation_stage_plugin(self) -> str:
        """IBM's own."""
        return str(IBMBackend.get_translation_stage_plugin(self))

    @classmethod
    def _default_options(cls) -> Options:
        return Options()  # until the system's own are there

    def _make_target(self, device: Device) -> Target:
        return convert_to_target(self._configuration, self.properties())

    def _convert_to_target(self, refresh: bool = False) -> None:
        """Nothing: IBM's __getattr__ makes a target before it looks into the configuration, which needs none."""

    def _forget(self) -> None:
        super()._forget()
        self._read_configuration = None
        self._properties = None

    @property
    def _configuration(self) -> QasmBackendConfiguration:
        """The configuration, where IBM's own methods look for it."""
        if self._read_configuration is None:
            document = copy.deepcopy(self._device_documents().config.get("config"))  # it is changed
            read = configuration_from_server_data(document, use_fractional_gates=self._fractional)
            if read is None:
                raise ServerError(
                    f"The device document of {self.name} is no configuration of IBM's.",
                    operation="getBackendConfig",
                )
            self._read_configuration = read
        return self._read_configuration

    def _as_properties(self, document: Any) -> BackendProperties | None:
        if not document:
            return None
        return properties_from_server_data(
            copy.deepcopy(document), use_fractional_gates=self._fractional
        )

    def __reduce__(self) -> tuple[Any, ...]:
        options = dict(self._options.items())
        return _rebuild, (self._service, self.hub_backend, self._fractional, options)

    def __repr__(self) -> str:
        return f"<HubIBMBackend {self.name!r}>"


def _rebuild(
    service: HubRuntimeService,
    hub_backend: Backend,
    use_fractional_gates: bool | None,
    options: dict[str, Any],
) -> HubIBMBackend:
    backend = HubIBMBackend(service, hub_backend, use_fractional_gates=use_fractional_gates)
    backend.set_options(**options)
    return backend
