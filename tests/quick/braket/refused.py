"""What `HubDevice.run` says of what it does not take."""

from typing import Any

import pytest

from qhub_braket import HubDevice
from shared_transport import ValidationError


def refusal(device: HubDevice, program: Any, *args: Any, **options: Any) -> str:
    """The words with which a device refuses a program."""
    with pytest.raises(ValidationError) as caught:
        device.run(program, *args, **options)
    return str(caught.value)
