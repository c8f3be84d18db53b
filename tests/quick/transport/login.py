"""A Hub with a login by OAuth 2, as one transport under a clock of its own, and clients of it."""

import asyncio
import threading
from urllib.parse import parse_qs

import httpx
from pydantic import SecretStr

from shared_transport import HubClient, Settings
from shared_transport.oauth import OAuthPassword
from tests.quick.transport.tools import FAST

PASSWORD = "pass:w0rd Nobody-May-See"
HUB, LOGIN = "https://hub.test/quantum", "https://login.test/realms/token"


class World:
    """A Hub and its token endpoint as one transport, under a clock of its own.

    It accepts the tokens that it gave for as long as it said. `script` has what the endpoint answers first.
    """

    def __init__(self, life=300, *script):
        self.now = 1000.0
        self.life = life
        self.script = list(script)
        self.grants = []
        self.valid = {}
        self.hub_requests = []
        self.lock = threading.Lock()

    def clock(self):
        return self.now

    def __call__(self, request):
        with self.lock:
            return self.token(request) if request.url.host == "login.test" else self.hub(request)

    def token(self, request):
        form = {key: values[0] for key, values in parse_qs(request.content.decode()).items()}
        self.grants.append(form["grant_type"])
        assert request.method == "POST"
        assert "authorization" not in request.headers
        assert form["client_id"] == "my-app"
        if self.script:
            given = self.script.pop(0)
            if isinstance(given, Exception):
                raise given
            return given
        right = form.get("username") == "ann" and form.get("password") == PASSWORD
        if form["grant_type"] == "password" and not right:
            words = f"not {form.get('password')}"
            refusal = {"error": "invalid_grant", "error_description": words}
            return httpx.Response(401, json=refusal)
        number = len(self.grants)
        self.valid[f"Bearer access-{number}"] = self.now + self.life
        return httpx.Response(
            200,
            json={
                "access_token": f"access-{number}",
                "token_type": "bearer",
                "expires_in": self.life,
                "refresh_token": f"refresh-{number}",
            },
        )

    def hub(self, request):
        sent = request.headers.get("authorization")
        self.hub_requests.append(sent)
        assert "x-auth-token" not in request.headers
        if self.valid.get(sent, 0) <= self.now:
            return httpx.Response(401, json={"detail": "No."})
        return httpx.Response(200, json=[{"id": "a"}])

    async def awaited(self, request):
        await asyncio.sleep(0)
        return self(request)


def settings_of(password=PASSWORD, **others):
    return Settings(
        HUB,
        username="ann",
        password=SecretStr(password),
        client_id="my-app",
        token_url=LOGIN,
        retry=FAST,
        journal=None,
        **others,
    )


def client_of(world, password=PASSWORD):
    """A client of a world, its login under the world's clock."""
    settings = settings_of(password)
    client = HubClient(settings, transport=httpx.MockTransport(world))
    client._auth = OAuthPassword(httpx.URL(HUB), settings.login, clock=world.clock)
    return client
