"""Jobs of engines that draw nothing: the input as it was sent."""

from __future__ import annotations

from local_hub.engines.pictures.base import as_sent, preparing

prepare = preparing(as_sent)
