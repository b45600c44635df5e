"""The sizes of the workloads, which peers need too. Imports nothing."""

SEED = (1, 3, 3, 1)
MOONS = (2, 16, 16, 1)
CHAIN = 50_000  # times two operations
GPT = {"vocabulary": 27, "width": 16, "heads": 4, "block": 8}
WIDE = {**GPT, "width": 24}  # as in microgpt.py
