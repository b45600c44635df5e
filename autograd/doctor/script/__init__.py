"""A learner's script, from end to end: it is run and watched, judged, repaired and told about.

To read: `run` → `process` and `child` (the process it runs in) → `consult` (one consultation: `watch`, `judge`,
`write`) → `cure` (the training as it is and repaired) → `answers` → `report`.
"""
