"""Who asks: by `X-Auth-Token`, or as a bearer token.

The Hub's own token is the administrator's. Others are made by the admin API and by the login; each is kept as a hash.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from fastapi import Request

from local_hub.problems import Problem
from local_hub.records import Scope
from local_hub.store.accounts import AccountStore, TokenRecord

OWNER = "user:owner"
"""The account of the Hub's own token."""

_LONGEST_ORGANIZATION = 150


@dataclass(frozen=True)
class Caller:
    """Who sent a request.

    Attributes:
        scope: What the request may see and make.
        is_admin: Whether it may use the admin API.
    """

    scope: Scope
    is_admin: bool = False

    def service_execution(self, execution_id: str, accounts: AccountStore) -> Scope:
        """The scope of a service execution.

        Raises:
            Problem: 404, there is none of this id, or it is somebody else's.
        """
        own = self.scope.service_execution
        if accounts.account_of(execution_id) != self.scope.account or own not in (
            None,
            execution_id,
        ):
            raise Problem(404, f"There is no service execution {execution_id}.")
        return Scope(self.scope.account, execution_id)


class Access:
    """Finds out who asks."""

    def __init__(self, token: str, accounts: AccountStore) -> None:
        """Set up.

        Args:
            token: The Hub's own token.
            accounts: All other tokens.
        """
        self._token = token.encode()
        self._accounts = accounts

    async def required(self, request: Request) -> Caller:
        """Who asks.

        Raises:
            Problem: 401 without a token or with an unknown one, 403 for an organization of others.
        """
        caller = await self.optional(request)
        if caller is None:
            raise Problem(
                401, "No token was sent: send it as X-Auth-Token, or as Authorization: Bearer."
            )
        return caller

    async def optional(self, request: Request) -> Caller | None:
        """Who asks; None for a request without a token.

        Raises:
            Problem: As `required`, for a request with a token.
        """
        sent = [value for value in (request.headers.get("x-auth-token"),) if value is not None]
        authorization = request.headers.get("authorization")
        if authorization is not None:
            scheme, _, value = authorization.partition(" ")
            sent.append(value.strip() if scheme.lower() == "bearer" else "")
        organization = _organization(request.headers.get("x-organizationid"))
        callers = {self._caller(token, organization) for token in sent}
        if len(callers) > 1:
            raise Problem(401, "X-Auth-Token and Authorization name two users: send one of them.")
        return callers.pop() if callers else None

    async def admin(self, request: Request) -> Caller:
        """The administrator.

        Raises:
            Problem: 401 as `required`, 403 for anybody else.
        """
        caller = await self.required(request)
        if not caller.is_admin:
            raise Problem(403, "The admin API takes the Hub's own token only.")
        return caller

    def _caller(self, token: str, organization: str | None) -> Caller:
        if hmac.compare_digest(token.encode(), self._token):
            return Caller(_scope(OWNER, organization), is_admin=True)
        record = self._accounts.token(token)
        if record is None or record.kind == "refresh":
            raise Problem(
                401, "The token is unknown to this Hub, or has ended: use the one that it printed."
            )
        if record.service_execution is not None:
            return Caller(Scope(record.account, record.service_execution))
        return Caller(_scope(record.account, _member(record, organization)))


def _organization(sent: str | None) -> str | None:
    """The organization that a header names; an empty one names none."""
    if sent is not None and len(sent) > _LONGEST_ORGANIZATION:
        raise Problem(
            403, f"X-OrganizationId is no organization: it is longer than {_LONGEST_ORGANIZATION}."
        )
    return sent or None


def _member(record: TokenRecord, organization: str | None) -> str | None:
    if organization is not None and organization not in (record.organizations or ()):
        raise Problem(403, f"X-OrganizationId: the token's user is no member of {organization!r}.")
    return organization


def _scope(account: str, organization: str | None) -> Scope:
    return Scope(account if organization is None else f"organization:{organization}")
