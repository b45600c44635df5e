"""Which loss a learner names: by its variable, by the function that computes it, or by a line."""

from __future__ import annotations

from .engines import place_of_loss
from .look import Look
from .losses import Reading


def is_called(look: Look, reading: Reading, text: str) -> bool:
    """Whether a loss has this name, or that of a function which computes it, or stands or is asked for in this line."""
    if reading.kind != "loss" or reading.site is None:
        return False
    tape = look.training.tape
    calls = [tape.sites[number] for number in place_of_loss(reading.roots[0]) if number >= 0]
    roots = {id(root) for root in reading.roots}
    stores = [site for _, _, _, thing, site in tape.stores if id(thing) in roots]
    if text.isdigit():
        return any(site.span[0] <= int(text) <= site.span[2] for site in (*calls, *stores))
    names = {site.target for site in (reading.site, *stores)} | {site.function.split(".")[-1] for site in calls[:-1]}
    return text in names or f"self.{text}" in names or f"{text}(" in reading.site.text
