"""What `HubClient` sends over HTTP, and who asks: with a token, without one, with a wrong one."""

import json

import httpx
import pytest

from shared_transport.errors import AuthenticationError, NotFoundError, ServerError
from tests.quick.transport.tools import REQUEST, SECRET, Hub, client_of

# --- what is sent  ---


def test_a_request_is_the_one_of_the_api():
    hub = Hub(**{"/jobs": (201, {"id": "j1"})})
    client_of(hub, organization="org-1").jobs.create(REQUEST)
    (request,) = hub.requests
    assert (request.method, str(request.url)) == ("POST", "https://hub.test/quantum/jobs")
    assert request.headers["X-OrganizationId"] == "org-1"
    assert request.headers["Content-Type"] == request.headers["Accept"] == "application/json"
    assert json.loads(request.content)["backend_id"] == "b"


def test_the_token_travels_in_its_header_alone():
    hub = Hub(**{"/jobs": (201, {"id": "j1"})})
    client_of(hub).jobs.create(REQUEST)
    (request,) = hub.requests
    assert [name for name, value in request.headers.items() if SECRET in value] == ["x-auth-token"]
    assert SECRET not in str(request.url) + request.content.decode()


def test_without_an_organization_there_is_no_header():
    hub = Hub(**{"/backends": (200, [])})
    client_of(hub).backends.list()
    assert "X-OrganizationId" not in hub.requests[0].headers
    assert "Content-Type" not in hub.requests[0].headers


def test_parameters_are_sent():
    hub = Hub(
        **{"/jobs": (200, {}), "/backends": (200, []), "/backends/least-busy": (200, {"id": "b"})}
    )
    client = client_of(hub)
    client.jobs.page(2, 50, sort=["created_at,desc", "id"])
    client.backends.list(provider="AWS")
    client.backends.least_busy("IBM", min_qubits=5)
    assert [
        str(request.url).removeprefix("https://hub.test/quantum") for request in hub.requests
    ] == [
        "/jobs?page=2&size=50&sort=created_at%2Cdesc&sort=id",
        "/backends?provider=AWS",
        "/backends/least-busy?provider=IBM&minQubits=5",
    ]


@pytest.mark.parametrize("odd", ["a/b", "a?b=c", "a#b", "../x", "a%2Fb", "\u00e9 \u4e2d"])
def test_an_odd_id_stays_one_part_of_the_path(odd):
    hub = Hub()
    with pytest.raises(NotFoundError):
        client_of(hub).jobs.get(odd)
    (request,) = hub.requests
    assert httpx.URL(str(request.url)).raw_path.count(b"/") == 3
    assert request.url.path == f"/quantum/jobs/{odd}"


# --- who asks  ---


def test_backends_can_be_listed_without_a_token():
    hub = Hub(**{"/backends": (200, [{"id": "b"}])})
    assert [backend.id for backend in client_of(hub, token=None).backends.list()] == ["b"]
    assert "X-Auth-Token" not in hub.requests[0].headers


@pytest.mark.parametrize(
    "act",
    [
        lambda client: client.jobs.get("j1"),
        lambda client: client.jobs.cancel("j1"),
        lambda client: client.jobs.create(REQUEST),
        lambda client: client.jobs.wait("j1"),
        lambda client: client.jobs.result("j1"),
        lambda client: client.backends.config("b"),
    ],
)
def test_without_a_token_the_way_out_is_said_and_nothing_is_sent(act):
    hub = Hub()
    with pytest.raises(
        AuthenticationError, match=r"There is no token.*KQH_PERSONAL_ACCESS_TOKEN.*local\(\)"
    ):
        act(client_of(hub, token=None))
    assert hub.requests == []


def test_a_hub_that_wants_a_token_is_not_said_to_refuse_one_that_was_never_given():
    hub = Hub(**{"/backends/b": (401, {"title": "Unauthorized"})})
    with pytest.raises(AuthenticationError, match="There is no token"):
        client_of(hub, token=None).backends.get("b")


def test_a_wrong_token_says_where_to_look():
    hub = Hub(**{"/jobs/j1": (401, {"title": "Unauthorized"})})
    with pytest.raises(
        AuthenticationError, match=r"does not accept the token.*Unauthorized"
    ) as caught:
        client_of(hub).jobs.get("j1")
    assert (caught.value.status, caught.value.operation) == (401, "getJob")
    assert len(hub.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "place", ["https://evil.test/", "http://hub.test/quantum/x", "/quantum/elsewhere"]
)
def test_no_redirect_is_followed(status, place):
    requests = []

    def handler(request):
        requests.append(request)
        return httpx.Response(status, headers={"Location": place})

    client = client_of(handler)
    with pytest.raises(ServerError, match=str(status)):
        client.jobs.get("j1")
    with pytest.raises(ServerError, match=str(status)):
        client.jobs.create(REQUEST)
    assert [request.url.host for request in requests] == ["hub.test"] * 2
