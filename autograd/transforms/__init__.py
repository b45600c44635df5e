"""Functions in, their derivatives out: what is computed with the sweep, and how it is checked."""
