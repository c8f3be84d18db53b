"""Who may ask: whoever sends the token, by `X-Auth-Token` or as a bearer token."""

from __future__ import annotations

import hmac

from fastapi import Request

from local_hub.problems import Problem


class Authentication:
    """Checks tokens in constant time."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    async def required(self, request: Request) -> None:
        """Refuse a request without the token.

        Raises:
            Problem: 401.
        """
        if not await self.optional(request):
            raise Problem(
                401, "No token was sent: send it as X-Auth-Token, or as Authorization: Bearer."
            )

    async def optional(self, request: Request) -> bool:
        """Whether the request carries the token.

        Raises:
            Problem: 401, it carries another one.
        """
        sent = [value for value in (request.headers.get("x-auth-token"),) if value is not None]
        authorization = request.headers.get("authorization")
        if authorization is not None:
            scheme, _, value = authorization.partition(" ")
            sent.append(value.strip() if scheme.lower() == "bearer" else "")
        if not all(hmac.compare_digest(value.encode(), self._token) for value in sent):
            raise Problem(401, "The token is not this Hub's token.")
        return bool(sent)
