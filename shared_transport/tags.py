"""What travels with a job in its tags: the submission token, and what the input itself does not say.

Tags are a set of short strings, so a document is numbered pieces ``qhub:<i>/<n>:<text>``, where the texts
joined in order are base64url(zlib(json)).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import ValidationError

__all__ = ["TOKEN_PREFIX", "checked_tags", "pack", "token_tag", "unpack", "users_tags"]

TOKEN_PREFIX = "qhub-token:"  # noqa: S105 - marks a submission; it opens nothing
PIECE_LENGTH = 200
TOTAL_LENGTH = 4096
_PIECE = re.compile(r"qhub:([0-9]{1,2})/([0-9]{1,2}):([A-Za-z0-9_=-]*)")
_UNPACKED_LIMIT = 1 << 20


def token_tag(token: str) -> str:
    """The tag that marks a submission, so that the job can be found when its answer was lost."""
    return TOKEN_PREFIX + token


def pack(document: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Pack a JSON-able document into tags; an empty one into none.

    Returns:
        The tags, or None where they would exceed 4 kB.
    """
    if not document:
        return ()
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    packed = base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")
    room = PIECE_LENGTH - len("qhub:99/99:")
    pieces = [packed[i : i + room] for i in range(0, len(packed), room)]
    tags = tuple(f"qhub:{i}/{len(pieces)}:{piece}" for i, piece in enumerate(pieces, 1))
    return tags if sum(map(len, tags)) <= TOTAL_LENGTH else None


def unpack(tags: Iterable[str]) -> dict[str, Any]:
    """Read the document back; without one, or with one that is damaged, an empty one."""
    found = [match for tag in tags if (match := _PIECE.fullmatch(tag))]
    pieces = {int(match[1]): match[3] for match in found}
    count = {int(match[2]) for match in found}
    if (
        len({(m[1], m[3]) for m in found}) != len(pieces)
        or len(count) != 1
        or sorted(pieces) != list(range(1, count.pop() + 1))
    ):
        return {}
    packed = "".join(pieces[i] for i in sorted(pieces))
    try:
        raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        inflater = zlib.decompressobj()
        text = inflater.decompress(raw, _UNPACKED_LIMIT)
        document = json.loads(text) if inflater.eof else None
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def checked_tags(tags: Iterable[str] | None) -> tuple[str, ...]:
    """A user's tags, each once; none for None.

    Raises:
        ValidationError: They are no texts, or a single text.
    """
    listed = () if tags is None else tuple(tags) if isinstance(tags, Iterable) else (tags,)
    if isinstance(tags, str) or not all(isinstance(tag, str) for tag in listed):
        raise ValidationError(
            f"tags has to be a sequence of texts, not {tags!r}.", hint="An example: tags=['mine']"
        )
    return tuple(dict.fromkeys(listed))


def users_tags(tags: Iterable[str]) -> list[str]:
    """The tags that the user gave, without ours."""
    return [t for t in tags if not t.startswith(TOKEN_PREFIX) and not _PIECE.fullmatch(t)]
