"""The gradient doctor: where a handwritten gradient is wrong, and how; and why a network does not train.

`run` takes a whole script as it is (`python -m autograd.doctor script.py`) and points at the lines.
`diagnose` judges gradients, updates and forward passes against a loss; `diagnose_class` does so for an object that
keeps its weights in attributes; `examine` measures a training set-up.

Rooms, from the bottom: `language`; `recorded` (what a recorded loss tells); `gradient` and `learning`; `script` with
its three rooms. `gradient/templates.py` is the table of mistakes.
"""

from .gradient.adapter import diagnose_class
from .gradient.diagnosis import diagnose
from .gradient.report import BlockReport, Candidate, LayerReport, Report
from .learning.training import examine
from .script.report import Finding, ScriptReport
from .script.run import run

__all__ = [
    "BlockReport",
    "Candidate",
    "Finding",
    "LayerReport",
    "Report",
    "ScriptReport",
    "diagnose",
    "diagnose_class",
    "examine",
    "run",
]
