"""Why does it not train? `examine` measures a training and tries what could help.

To read: `training` → `checks` (each measures one thing) → `tries` (short trainings that differ in one thing).
"""
