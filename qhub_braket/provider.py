"""`HubProvider`: the way to the Hub's devices for users of Braket."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from shared_transport.client import HubClient
from shared_transport.embedded import embedded_hub
from shared_transport.errors import ConfigurationError, NotFoundError
from shared_transport.models import Backend
from shared_transport.settings import Settings

from .extra import require_braket

if TYPE_CHECKING:
    from .device import HubDevice
    from .task import HubQuantumTask

__all__ = ["HubProvider"]


class HubProvider:
    """The Hub's devices, for users of Braket.

    What is not given is looked up in the environment and in the config file.

    Args:
        token: The token.
        organization: The organization's id.
        base_url: The Hub's address, with its ``/quantum``.
        allow_http: Accept plain http to other machines.
        client: A client that is ready to use; then the other arguments must be absent.

    Attributes:
        client: The `HubClient` that everything here goes through.

    Raises:
        ConfigurationError: A setting is wrong.
    """

    def __init__(
        self,
        token: str | SecretStr | None = None,
        *,
        organization: str | None = None,
        base_url: str | None = None,
        allow_http: bool | None = None,
        client: HubClient | None = None,
    ) -> None:
        given = {
            "token": token,
            "organization": organization,
            "base_url": base_url,
            "allow_http": allow_http,
        }
        if client is None:
            client = HubClient(
                Settings.resolve(
                    token=token,
                    organization=organization,
                    base_url=base_url,
                    allow_http=allow_http,
                )
            )
        elif surplus := [name for name, value in given.items() if value is not None]:
            raise ConfigurationError(
                f"HubProvider got a client and {', '.join(surplus)}: the client has its own.",
                hint="Give either the client or the settings.",
            )
        self.client = client

    @classmethod
    def local(
        cls,
        *,
        seed: int | None = None,
        state: str | Path | None = None,
        workers: int | None = None,
    ) -> HubProvider:
        """The embedded Hub of this process: real simulators, no account.

        It is started at the first call and shared by all who ask with the same arguments, the Qiskit plugin
        included.

        Args:
            seed: Makes ids and results reproducible.
            state: Folder that keeps jobs beyond the process.
            workers: Number of worker processes; one a core if absent.

        Raises:
            MissingExtraError: The packages of the extra ``local`` are not installed.
        """
        return cls(client=HubClient(embedded_hub(seed=seed, state=state, workers=workers)))

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
        require_braket("A Braket device")
        from .device import HubDevice

        try:
            return HubDevice(self.client.backends.get(id), self.client)
        except NotFoundError as problem:
            refusal = problem
        known = [backend.id for backend in self.client.backends.list()]
        near = difflib.get_close_matches(id, known, n=3, cutoff=0.5)
        raise NotFoundError(
            f"The Hub has no backend {id!r}.",
            hint=f"Did you mean {_either(near)}?"
            if near
            else f"It has {', '.join(sorted(known)) or 'none at all'}.",
            operation=refusal.operation,
            status=refusal.status,
            request_id=refusal.request_id,
        )

    def task(self, id: str) -> HubQuantumTask:
        """A task that was created anywhere, by its id. Nothing is asked of the Hub yet.

        Raises:
            MissingExtraError: amazon-braket-sdk is not installed.
        """
        require_braket("A Braket task")
        from .task import HubQuantumTask

        return HubQuantumTask(id, client=self.client)

    def __repr__(self) -> str:
        return f"<HubProvider {self.client.settings.base_url}>"


def _either(names: list[str]) -> str:
    return " or ".join(repr(name) for name in names)
