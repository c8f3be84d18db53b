"""The admin API of the local Hub, which the real one does not have: it takes the Hub's own token only."""

import secrets
import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from local_hub.access import Access, Caller
from local_hub.api.common import model_of
from local_hub.schemas import CreateUser, NewServiceExecution, NewUser
from local_hub.settings import Settings
from local_hub.store.accounts import AccountStore, TokenRecord


def admin(settings: Settings, accounts: AccountStore, access: Access) -> APIRouter:
    """The router."""
    router = APIRouter(prefix="/admin")
    By = Annotated[Caller, Depends(access.admin)]

    @router.post("/service-executions", status_code=201)
    async def create_service_execution(caller: By) -> NewServiceExecution:
        """Make a service execution of whoever asks; what is made with its token belongs to it."""
        execution_id, token = str(uuid.uuid4()), secrets.token_urlsafe(24)
        account = caller.scope.account
        await accounts.add_service_execution(execution_id, account)
        record = TokenRecord("service_execution", account, service_execution=execution_id)
        await accounts.add_token(token, record)
        return NewServiceExecution(id=execution_id, token=token)

    @router.post("/users", status_code=201)
    async def create_user(request: Request, caller: By) -> NewUser:
        """Make a token of a user. A user may have several."""
        wish = await model_of(CreateUser, request, settings.max_body)
        token = secrets.token_urlsafe(24)
        record = TokenRecord("user", f"user:{wish.name}", wish.organizations)
        await accounts.add_token(token, record)
        return NewUser(name=wish.name, token=token)

    return router
