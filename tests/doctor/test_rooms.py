"""The rooms of the doctor stand on one another: none imports from one above it."""

from __future__ import annotations

from tests.test_project import imported, sources

ROOMS = [
    "autograd.doctor.language",
    "autograd.doctor.recorded",
    "autograd.doctor.gradient",
    "autograd.doctor.learning",
    "autograd.doctor.script.watch",
    "autograd.doctor.script.judge",
    "autograd.doctor.script.write",
    "autograd.doctor.script",
    "autograd.doctor",
]
"""From the bottom up."""
SHARED = {"autograd.doctor.spelling"}


def room(module: str) -> int:
    """The number of its room; -1 outside the doctor."""
    inside = [k for k, name in enumerate(ROOMS) if f"{module}.".startswith(f"{name}.")]
    return max(inside, key=lambda k: len(ROOMS[k]), default=-1)


def test_no_room_climbs() -> None:
    texts = {name: text for name, text in sources().items() if room(name) >= 0}
    known = sources()
    climbing = [
        f"{name} imports {other}"
        for name, text in texts.items()
        for other in imported(name, text, known)
        if other not in SHARED and room(other) > room(name)
    ]
    assert climbing == []
