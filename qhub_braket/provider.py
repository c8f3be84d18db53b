"""`HubProvider`: the way to the Hub's devices for users of Braket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared_transport.extras import require_extra
from shared_transport.loading import without_collection
from shared_transport.models import Backend
from shared_transport.provider import ProviderBase

if TYPE_CHECKING:
    from braket.circuits.noise_model import NoiseModel

    from shared_transport.explanation import Explanations
    from shared_transport.prices import Prices

    from .device import HubDevice
    from .task import HubQuantumTask

__all__ = ["HubProvider"]


class HubProvider(ProviderBase):
    """The Hub's devices and tasks, for users of Braket. `ProviderBase` tells how one is made."""

    def devices(self, *, provider: str | None = None) -> list[Backend]:
        """What the Hub offers, as the Hub describes it. Works without a token and without Braket.

        Args:
            provider: Only the backends of this provider, such as ``AWS``.
        """
        return self.client.backends.list(provider=provider)

    def get_device(self, id: str, *, noise_model: NoiseModel | None = None) -> HubDevice:
        """A device by its Hub id, such as ``aws.sim.sv1``.

        Args:
            id: The id.
            noise_model: Noise that is added to each circuit before it is sent, where the device simulates noise.

        Raises:
            NotFoundError: The Hub has none of this id; the error offers the nearest names.
            MissingExtraError: amazon-braket-sdk is not installed.
        """
        require_extra("A Braket device", "braket", "braket.devices")
        with without_collection():
            from .device import HubDevice

        return HubDevice(self._describe(id), self.client, noise_model)

    def explain(
        self,
        task_specification: Any,
        shots: int | None = None,
        inputs: Mapping[str, float] | None = None,
        *,
        prices: Prices | None = None,
        where: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Explanations:
        """What each device would do with a program, and what it would cost. Nothing is submitted.

        Args:
            task_specification: As for `HubDevice.run`, and so are shots, inputs and options.
            shots: As for `HubDevice.run`.
            inputs: As for `HubDevice.run`.
            prices: As for `HubDevice.explain`.
            where: Only the devices that `devices` gives for these arguments, such as ``{"provider": "AWS"}``.
            **options: As for `HubDevice.run`.
        """
        require_extra("A Braket program", "braket", "braket.devices")
        with without_collection():
            from .explain import explain_everywhere

        return explain_everywhere(
            self, task_specification, shots, inputs, prices=prices, where=where, options=options
        )

    def _repr_html_(self) -> str:
        from .display import provider_html

        return provider_html(self)

    def task(self, id: str) -> HubQuantumTask:
        """A task that was created anywhere, by its id. Nothing is asked of the Hub yet.

        Raises:
            MissingExtraError: amazon-braket-sdk is not installed.
        """
        require_extra("A Braket task", "braket", "braket.devices")
        with without_collection():
            from .task import HubQuantumTask

        return HubQuantumTask(id, client=self.client)
