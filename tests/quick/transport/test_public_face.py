import pytest

import shared_transport


def test_every_public_name_is_there():
    for name in shared_transport.__all__:
        assert getattr(shared_transport, name).__module__.startswith("shared_transport.")
    assert dir(shared_transport) == sorted(shared_transport.__all__)


def test_another_name_is_not():
    with pytest.raises(AttributeError, match="AsyncHubKlient"):
        _ = shared_transport.AsyncHubKlient
