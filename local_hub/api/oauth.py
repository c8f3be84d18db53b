"""The login: OAuth 2 with a password, and with a refresh token (RFC 6749, 4.3, 5 and 6)."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import replace
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from local_hub.api.common import body_of
from local_hub.records import now
from local_hub.settings import Settings
from local_hub.store.accounts import AccountStore, TokenRecord

PATH = "/oauth/token"
_LARGEST_FORM = 2**16
_REFRESH_LIFE = 12  # of access tokens' lives


def oauth(settings: Settings, accounts: AccountStore) -> APIRouter:
    """The router. Users and passwords are the command line's."""
    router = APIRouter()

    @router.post(PATH)
    async def token(request: Request) -> JSONResponse:
        form = dict(parse_qsl((await body_of(request, _LARGEST_FORM)).decode("utf-8", "replace")))
        grant = form.get("grant_type")
        if not form.get("client_id"):
            return _refusal("invalid_request", "client_id is missing.")
        if grant == "password":
            name, password = form.get("username", ""), form.get("password", "")
            right = settings.users.get(name)
            # Compared in any case: the answer's time does not tell whether there is such a user.
            same = hmac.compare_digest(password.encode(), (right or "").encode())
            if right is None or not same:
                return _refusal("invalid_grant", "The user or the password is wrong.")
            return await _granted(TokenRecord("access", f"user:{name}"))
        if grant == "refresh_token":
            refresh = form.get("refresh_token", "")
            record = accounts.token(refresh)
            if record is None or record.kind != "refresh":
                return _refusal("invalid_grant", "The refresh token is unknown, or has ended.")
            await accounts.remove_token(refresh)
            return await _granted(replace(record, kind="access"))
        return _refusal("unsupported_grant_type", "Use password or refresh_token.")

    async def _granted(record: TokenRecord) -> JSONResponse:
        access, refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        life = settings.token_seconds
        await accounts.add_token(access, replace(record, expires_at=now() + 1000 * life))
        end = now() + 1000 * life * _REFRESH_LIFE
        await accounts.add_token(refresh, replace(record, kind="refresh", expires_at=end))
        answer = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": life,
            "refresh_token": refresh,
            "refresh_expires_in": life * _REFRESH_LIFE,
            "scope": "profile",
        }
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    return router


def _refusal(error: str, description: str) -> JSONResponse:
    return JSONResponse({"error": error, "error_description": description}, 400)
