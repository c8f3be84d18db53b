"""What is written to the API, as typed objects: strict, what is not in the API is refused here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic import ValidationError as PydanticError

from .errors import ValidationError
from .json_text import write_json
from .models import InputFormat, SdkProvider, SessionMode

__all__ = ["JobRequest", "SessionRequest"]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    _what: ClassVar[str]

    backend_id: str = Field(min_length=1)
    tags: tuple[str, ...] = ()
    sdk_provider: SdkProvider = SdkProvider.CLIENT

    if not TYPE_CHECKING:  # for a type checker, the fields are the arguments

        def __init__(self, **fields: Any) -> None:
            """Check the fields.

            Raises:
                shared_transport.errors.ValidationError: One is not as it should be.
            """
            try:
                super().__init__(**fields)
            except PydanticError as problem:
                first = problem.errors(include_input=False, include_url=False)[0]
            else:
                return
            name = ".".join(map(str, first["loc"]))
            raise ValidationError(f"{self._what} cannot be created: {name}: {first['msg']}.")

    def to_json(self) -> bytes:
        """The body on the wire: absent and empty things are left out, never sent as null.

        Raises:
            shared_transport.errors.ValidationError: A value has no JSON form.
        """
        # Not by pydantic's dump, which copies a large input before it is written.
        given = {name: getattr(self, name) for name in type(self).model_fields}
        body = {name: value for name, value in given.items() if value not in (None, (), {})}
        try:
            return write_json(body, _plain).encode()
        except (TypeError, ValueError) as problem:
            reason = str(problem)
        raise ValidationError(f"{self._what} cannot be written as JSON: {reason}.")

    @field_validator("tags")
    @classmethod
    def _a_set(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(tags))


def _plain(value: Any) -> Any:
    """What `json` does not know by itself."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} is not JSON")


class JobRequest(_Request):
    """A job to be created (``createJob``).

    Attributes:
        shots: How often the circuit is executed. 0 only where the backend's ``shots_range.min`` is 0.
        input: The input in the form that ``input_format`` names.
        input_params: The system's parameters, or None where there are none (``{}`` is ambiguous).
    """

    _what: ClassVar[str] = "The job"

    shots: int = Field(ge=0, strict=True)
    input: Mapping[str, Any]
    input_format: InputFormat | None = None
    input_params: Mapping[str, Any] | None = None
    name: str | None = None
    session_id: str | None = None

    def to_json(self) -> bytes:
        """As for every request; the input is there, also where it is empty."""
        body = super().to_json()
        return body if self.input else body[:-1] + b',"input":{}}'


class SessionRequest(_Request):
    """A session to be created (``createSession``).

    Attributes:
        provider: The backend's provider by the Hub's word.
        mode: ``dedicated`` has the backend's queue for itself, ``batch`` does not.
        ttl: Its longest life in seconds; by default the Hub's.
        metadata: What else shall be kept with it.
    """

    _what: ClassVar[str] = "The session"

    provider: str = Field(min_length=1)
    mode: SessionMode = SessionMode.DEDICATED
    ttl: int | None = Field(default=None, gt=0, lt=1 << 31, strict=True)
    metadata: Mapping[str, Any] | None = None
