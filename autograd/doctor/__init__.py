"""The gradient doctor: where a handwritten gradient is wrong, and how; and why a network does not train.

`diagnose` judges gradients, updates and forward passes against a loss; `diagnose_class` does so for an object that
keeps its weights in attributes; `examine` measures a training set-up. To read: `templates.py` is the table of mistakes.
"""

from .adapter import diagnose_class
from .diagnosis import diagnose
from .report import BlockReport, Candidate, LayerReport, Report
from .training import examine

__all__ = ["BlockReport", "Candidate", "LayerReport", "Report", "diagnose", "diagnose_class", "examine"]
