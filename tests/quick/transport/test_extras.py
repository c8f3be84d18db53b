import pytest

from shared_transport.errors import MissingExtraError
from shared_transport.extras import require_extra


def test_what_is_there_is_enough():
    require_extra("The thing", "local", "json", "email.message")


@pytest.mark.parametrize(
    "missing", ["no_such_package", "no_such_package.inner", "json.no_such_module"]
)
def test_what_is_missing_is_said_with_the_pip_line(missing):
    with pytest.raises(MissingExtraError, match=r"The thing.*pip install 'qhub-plugins\[local\]'"):
        require_extra("The thing", "local", "json", missing)
