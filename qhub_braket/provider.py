"""`HubProvider`: the way to the Hub's devices for users of Braket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared_transport.extras import require_extra
from shared_transport.models import Backend
from shared_transport.provider import ProviderBase

if TYPE_CHECKING:
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

    def get_device(self, id: str) -> HubDevice:
        """A device by its Hub id, such as ``aws.sim.sv1``.

        Raises:
            NotFoundError: The Hub has none of this id; the error offers the nearest names.
            MissingExtraError: amazon-braket-sdk is not installed.
        """
        require_extra("A Braket device", "braket", "braket.devices")
        from .device import HubDevice

        return HubDevice(self._describe(id), self.client)

    def task(self, id: str) -> HubQuantumTask:
        """A task that was created anywhere, by its id. Nothing is asked of the Hub yet.

        Raises:
            MissingExtraError: amazon-braket-sdk is not installed.
        """
        require_extra("A Braket task", "braket", "braket.devices")
        from .task import HubQuantumTask

        return HubQuantumTask(id, client=self.client)
