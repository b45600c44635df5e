"""The engine, to be read in this order: `rule` → `table` → `node` → `reverse` → `forward`."""
