"""The engine, to be read in this order: `rule` → `table` → `node` → `reverse` → `forward`."""

from ..errors import asked_of_core as __getattr__
