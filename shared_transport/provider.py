"""What the providers of both plugins share: how one is made, and looking a backend up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import SecretStr

from .client import HubClient
from .embedded import embedded_hub
from .errors import ConfigurationError, NotFoundError, ValidationError, did_you_mean
from .models import Backend
from .settings import Settings

__all__ = ["ProviderBase"]


class ProviderBase:
    """The way to a Hub.

    What is not given is looked up in the environment and in the config file.

    Args:
        token: The token.
        organization: The organization's id.
        base_url: The Hub's address, with its ``/quantum``; by default the public Hub.
        allow_http: Accept plain http to other machines.
        client: A client that is ready to use; then the other arguments must be absent.

    Attributes:
        client: The `HubClient` that everything here goes through: the API itself.

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
        token = SecretStr(token) if isinstance(token, str) else token
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
        sessions: bool = False,
        job_seconds: float | None = None,
        noise: bool = True,
    ) -> Self:
        """The embedded Hub of this process: real simulators, no account.

        It is started at the first call and shared by all who ask with the same arguments, in either plugin.

        Args:
            seed: Makes job ids and results reproducible.
            state: Folder that keeps jobs beyond the process; by default a temporary one.
            workers: Number of worker processes; by default one a core.
            sessions: Give every backend sessions; by default those have them that have them on the Hub.
            job_seconds: Seconds that every job lasts at least; by default as long as its simulation.
            noise: Simulate quantum computers with their noise.

        Raises:
            MissingExtraError: The packages of the extra ``local`` are not installed.
            ConfigurationError: The Hub does not start.
        """
        settings = embedded_hub(
            seed=seed,
            state=state,
            workers=workers,
            sessions=sessions,
            job_seconds=job_seconds,
            noise=noise,
        )
        return cls(client=HubClient(settings))

    def _describe(self, backend_id: str) -> Backend:
        """What the Hub says of a backend.

        Raises:
            NotFoundError: The Hub has none of this id; the error offers the nearest ones.
            ValidationError: It is no text.
        """
        if not isinstance(backend_id, str):
            raise ValidationError(
                f"A backend's id is a text, not {backend_id!r}.", hint="An example: 'aws.sim.sv1'"
            )
        try:
            return self.client.backends.get(backend_id)
        except NotFoundError as problem:
            refusal = problem
        raise NotFoundError(
            f"The Hub has no backend {backend_id!r}.",
            hint=_nearest(backend_id, list(self.client.backends.list())),
            operation=refusal.operation,
            status=refusal.status,
            request_id=refusal.request_id,
        )

    def __repr__(self) -> str:
        return f"<HubProvider {self.client.settings.base_url}>"


def _nearest(word: str, listed: Sequence[Backend]) -> str:
    """The backends that may be meant: of another of whose names it is, or whose id is spelled alike; else all."""
    meant = [one.id for one in listed if word.lower() in _other_names(one)]
    if meant:
        return f"Did you mean {' or '.join(map(repr, meant))}?"
    known = sorted(one.id for one in listed)
    return did_you_mean(word, known, f"It has {', '.join(known) or 'none at all'}.")


def _other_names(backend: Backend) -> set[str]:
    names = (backend.name, backend.display_name, backend.internal_id, backend.id.rpartition(".")[2])
    return {name.lower() for name in names if name}
