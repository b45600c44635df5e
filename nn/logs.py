"""`CSVLog`: the history of a training as a table in a file, a row for each epoch, while it runs."""

from __future__ import annotations

import csv
import os
from typing import Any


class CSVLog:
    """A callback for `fit` that keeps a file of comma-separated values: epoch, loss, validation, lr, grad_norm.

    A spreadsheet, pandas or a plotting program can read it while the training goes on. That of a training which is
    resumed from a checkpoint holds the earlier epochs too.

    Args:
        path: the file; one that is there already is replaced.

    >>> from nn import MLP, fit, mse
    >>> log = CSVLog("training.csv")
    >>> history = fit(MLP(1, [1], seed=1), ([[0.0], [1.0]], [0.0, 1.0]), mse, epochs=2, callback=log, progress=False)
    >>> with open("training.csv") as table:
    ...     print(table.readline().strip())
    epoch,loss,validation,lr,grad_norm
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path
        self.rows = 0

    def __call__(self, epoch: int, history: Any) -> None:
        """Write what is new; at first, everything that has happened so far."""
        with open(self.path, "a" if self.rows else "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            if not self.rows:
                table.writerow(["epoch", "loss", "validation", "lr", "grad_norm"])
            columns = history.losses, history.validation or [""] * (epoch + 1), history.lrs, history.grad_norms
            for row in list(zip(range(epoch + 1), *columns, strict=True))[self.rows :]:
                table.writerow(row)
        self.rows = epoch + 1
