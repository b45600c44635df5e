"""Puts the docstrings of compiled modules into the C that mypyc wrote, which has their signatures alone.

`setup.py` calls it between mypyc and the C compiler, so `help(Value)` is the same in a wheel as in the sources, and an
import does nothing for it. The special methods that a type's slots would hide (`__add__`) are shown too.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator

SIGNATURE = r'PyDoc_STR\((NULL|"(?:[^"\\]|\\.)*?")\)'  # NULL where a default value is not one that C can write


def document(c: str, modules: dict[str, str]) -> tuple[str, list[str]]:
    """The C with the docstrings put in, and the names of the docstrings that found no place in it.

    Args:
        c: what mypyc wrote.
        modules: the Python source of each compiled module, by its dotted name.
    """
    wanted = {name: text for module, source in modules.items() for name, text in docstrings(module, source)}
    keys = {"___".join(name.split(".")[start:]): name for name in wanted for start in range(name.count(".") + 1)}
    found: set[str] = set()

    def text_for(symbol: str) -> str:
        name = keys.get(symbol, "")
        found.add(name)
        return quoted(wanted.get(name, ""))

    def method(match: re.Match[str]) -> str:
        head, symbol, flags, signature = match.groups()
        text = text_for(symbol)
        beside_the_slot = "METH_COEXIST | " if symbol.endswith("__") and text != '""' else ""
        return f"{head}{beside_the_slot}{flags}{joined(signature, text)}"

    def attribute(match: re.Match[str]) -> str:
        head, owner, name = match.groups()
        return f"{head}{text_for(f'{owner}___{name}')}, NULL}}"

    def class_(match: re.Match[str]) -> str:
        head, symbol, signature = match.groups()
        return f"{head}{joined(signature, text_for(symbol))}"

    def module(match: re.Match[str]) -> str:
        head, name = match.groups()
        return head + text_for(name.replace(".", "___"))

    c = re.sub(rf"(\(PyCFunction\)CPyPy_(\w+),\s*)(METH_[A-Z_| ]+,\s*){SIGNATURE}", method, c)
    c = re.sub(r"(\(getter\)(\w+?)_get_(\w+),\s*(?:\(setter\)\w+|NULL),\s*)NULL, NULL\}", attribute, c)
    c = re.sub(rf"(CPyType_(\w+)_template_ = \{{[^{{}}]*?\.tp_doc = ){SIGNATURE}", class_, c)
    c = re.sub(r'(PyModuleDef_HEAD_INIT,\s*"([\w.]+)",\s*)NULL', module, c)
    return c, sorted(set(wanted) - found)


def docstrings(module: str, source: str) -> Iterator[tuple[str, str]]:
    """The docstrings of a module, of its classes and functions and of their methods, each by its dotted name."""
    tree = ast.parse(source)

    def below(name: str, body: Iterable[ast.stmt]) -> Iterator[tuple[str, str]]:
        for node in body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not interpreted(node):
                text = ast.get_docstring(node)
                if text is not None:
                    yield f"{name}.{node.name}", text
                if isinstance(node, ast.ClassDef):
                    yield from below(f"{name}.{node.name}", node.body)

    yield module, inspect.cleandoc(ast.get_docstring(tree) or "")
    yield from below(module, tree.body)


def interpreted(node: ast.ClassDef | ast.FunctionDef) -> bool:
    """Whether mypyc leaves it to Python, which keeps its docstring: a decorated class, or one function of many."""
    known = {"property", "setter", "staticmethod", "classmethod"}
    names = {getattr(d, "attr", getattr(d, "id", "")) for d in node.decorator_list}
    return bool(names - known)


def joined(signature: str, text: str) -> str:
    """What `help` shows: the signature, where mypyc knew one, and the docstring."""
    return f"PyDoc_STR({text if signature == 'NULL' else f'{signature} {text}'})"


def quoted(text: str) -> str:
    """A C string literal, in pieces of a line each; what is not plain ASCII is written as its bytes."""
    lines = text.split("\n")
    pieces = [line + "\n" for line in lines[:-1]] + [lines[-1]]
    return " ".join(f'"{"".join(map(escaped, piece.encode()))}"' for piece in pieces)


def escaped(byte: int) -> str:
    """A byte in a C string literal."""
    plain = 32 <= byte < 127 and chr(byte) not in '"\\?'
    return chr(byte) if plain else f"\\{byte:03o}"
