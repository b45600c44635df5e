"""The writer of files: whole or not at all, and everything else about a file stays."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import ShapeError, Value, compile
from autograd.system import files
from nn.errors import StateError

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links and devices are those of POSIX")


def save_array(path: Any) -> None:
    nn.save({"w": np.ones(3)}, path)


def save_step(path: Any) -> None:
    w = Value(2.0, "w")
    step = compile(lambda x: w * x, [w], engine="numpy")
    step(np.ones(2))
    step.save(path)


WRITERS = [save_array, save_step]


@posix
@pytest.mark.parametrize("save", WRITERS)
def test_mode_links_and_devices_stay(save: Any, tmp_path: Path) -> None:
    new = tmp_path / "new.npz"
    before = os.umask(0o027)
    try:
        save(new)
    finally:
        os.umask(before)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    new.chmod(0o604)
    link = tmp_path / "link.npz"
    link.symlink_to(new)
    save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(new.stat().st_mode) == 0o604
    save(os.fsencode(tmp_path / "bytes.npz"))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bytes.npz", "link.npz", "new.npz"]
    if os.path.exists("/dev/full"):
        with pytest.raises(OSError, match="No space"):
            save("/dev/full")
        assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


@pytest.mark.parametrize("save", WRITERS)
def test_places_where_no_file_can_be(save: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in ("", tmp_path, tmp_path / "no" / "such"):
        with pytest.raises(OSError):  # noqa: PT011
            save(path)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_at_any_step_leaves_the_old_or_the_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    for stopped in ("write", "fsync", "chmod", "replace", "after"):
        path.write_bytes(b"old")
        with monkeypatch.context() as patch:

            def interrupt(*given: Any, original: Any = None) -> None:
                if original is not None:
                    original(*given)
                raise KeyboardInterrupt

            if stopped in ("fsync", "chmod", "replace"):
                patch.setattr(os, stopped, interrupt)
            if stopped == "after":
                patch.setattr(os, "replace", lambda *given, original=os.replace: interrupt(*given, original=original))
            handles = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
            with pytest.raises(KeyboardInterrupt):
                files.write(path, interrupt if stopped == "write" else lambda file: file.write(b"new"))
            assert not handles or len(os.listdir("/proc/self/fd")) == handles
        assert path.read_bytes() == (b"new" if stopped == "after" else b"old")
        assert os.listdir(tmp_path) == ["file"]


@posix
def test_what_a_killed_process_left_is_cleared(tmp_path: Path) -> None:
    path = tmp_path / "file"
    code = (
        "import os, sys; from autograd.system import files; files.write(sys.argv[1], lambda f: os.kill(os.getpid(), 9))"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert len(os.listdir(tmp_path)) == 1
    assert not path.exists()
    (tmp_path / f".file.{os.getpid()}-00000000.tmp").write_bytes(b"")  # that of a process that runs
    files.write(path, lambda file: file.write(b"new"))
    assert sorted(os.listdir(tmp_path)) == [f".file.{os.getpid()}-00000000.tmp", "file"]


def test_names_in_an_archive(tmp_path: Path) -> None:
    for state in ({"w.npy": np.ones(1), "w": np.zeros(1)}, {"w\0x": np.ones(1)}):
        with pytest.raises(StateError):
            nn.save(state, tmp_path / "file.npz")
    assert list(tmp_path.iterdir()) == []
    nn.save({"w.npy": np.ones(1), "v": np.zeros(1), "file": np.ones(2)}, tmp_path / "file.npz")
    assert {k: v.tolist() for k, v in nn.load(tmp_path / "file.npz").items()} == {
        "w.npy": [1.0], "v": [0.0], "file": [1.0, 1.0],
    }  # fmt: skip


def test_an_archive_that_would_fill_the_memory(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.npz"
    np.savez_compressed(bomb, w=np.zeros(9_000_000))
    assert bomb.stat().st_size < 200_000
    with pytest.raises(StateError, match="limit"):
        nn.load(bomb)
    assert nn.load(bomb, limit=80_000_000)["w"].shape == (9_000_000,)
    lying = tmp_path / "lying.npz"
    with zipfile.ZipFile(lying, "w") as archive, archive.open("w.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    with pytest.raises(StateError, match="promises more"):
        nn.load(lying, limit=10**15)


def test_a_saved_step_that_is_not_sound(tmp_path: Path) -> None:
    path = tmp_path / "step.json"
    save_step(path)
    text = path.read_text()
    import json

    content = json.loads(text)
    program = content["programs"][0]
    program["loss"] = program["outputs"][0]
    path.write_text(json.dumps(content))
    with pytest.raises(ShapeError, match="not taken over the batch"):
        compile_load(path)
    content = json.loads(text)
    content["programs"][0]["leaves"][0][1] = [10**8]
    path.write_text(json.dumps(content))
    with pytest.raises(ShapeError, match="more than"):
        compile_load(path)


def compile_load(path: Path) -> Any:
    from autograd.compiler import storage

    return storage.read(path)
