"""Is this gradient right? `diagnose` and `diagnose_class`: a learner's gradients, steps and forward pass are judged.

To read: `templates` (the table of mistakes) → `fit` (which of them explains what there is) → `diagnosis`.
"""
