"""The rewriting of a script: calls to the tracer are put in the place of its operators, calls, reads and stores.

The rewritten code does what the script does: every hook evaluates the same operands in the same order and returns what
the operator would. Only the syntax tree is changed, so line numbers in error messages stay those of the file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from .sites import Site, Source, spans

HOOK = "_doctor_"
FRAME = "_doctor_frame_"
BY_FRAME = {"super", "locals", "vars", "dir", "eval", "exec", "globals", "__import__", "breakpoint"}
"""Built-in functions that look at the frame they are called from: they are left alone."""

BINARY = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.Pow: "pow", ast.MatMult: "matmul", ast.BitAnd: "and_", ast.BitOr: "or_", ast.BitXor: "xor",
    ast.LShift: "lshift", ast.RShift: "rshift",
}  # fmt: skip
COMPARE = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}
UNARY = {ast.USub: "neg", ast.Invert: "invert"}


def instrument(tree: ast.Module, source: Source, sites: list[Site]) -> ast.Module:
    """The tree with the tracer's calls in it; the places they stand for are added to `sites`."""
    found = Rewriter(source, sites)
    body = found.block(tree.body)
    at = 0
    for statement in body:  # a docstring and imports from the future stay first
        first = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not first and not text:
            break
        at += 1
    body.insert(at, ast.parse(f"{FRAME} = 0").body[0])
    return ast.fix_missing_locations(ast.Module(body, tree.type_ignores))


class Rewriter(ast.NodeTransformer):
    """One pass over a tree."""

    def __init__(self, source: Source, sites: list[Site], modules: Iterable[str] | None = None) -> None:
        self.source, self.sites = source, sites
        self.modules = set(modules or ())
        self.functions: list[str] = []
        self.classes: list[str] = []
        self.in_class = False  # in its body, not in a method
        self.globals: list[set[str]] = [set()]
        self.loops: list[int] = []
        self.statement: Any = None

    # ------------------------------------------------------------------------------------------------ helpers

    def site(self, kind: str, node: Any, parts: list[Any], target: Any = None) -> Any:
        """A new place, and its number as an expression."""
        number = len(self.sites)
        statement = self.statement if self.statement is not None else node
        text = "" if target is None else self.source.segment(self.source.span(target))
        span = self.source.span(node)
        self.sites.append(
            Site(
                number, kind, self.source, span, spans(self.source, parts), _head(self.source, statement),
                ".".join(self.functions), text, tuple(self.loops),
            )
        )  # fmt: skip
        return ast.Constant(number)

    def hook(self, name: str, args: list[Any], at: Any, keywords: list[Any] | None = None) -> ast.Call:
        function = ast.Attribute(ast.Name(HOOK, ast.Load()), name, ast.Load())
        made = ast.Call(function, args, keywords or [])
        return ast.copy_location(made, at)

    def frame(self, name: str) -> Any:
        """The number of the frame that a name lives in."""
        if not self.functions or name in self.globals[-1]:
            return ast.Constant(0)
        return ast.Name(FRAME, ast.Load())

    def mangled(self, name: str) -> str:
        if self.classes and name.startswith("__") and not name.endswith("__") and self.classes[-1].strip("_"):
            return f"_{self.classes[-1].lstrip('_')}{name}"
        return name

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for statement in statements:
            before, self.statement = self.statement, statement
            made = self.visit(statement)
            self.statement = before
            out += made if isinstance(made, list) else [made]
        return out

    def literal(self, node: Any) -> Any:
        """A written number, so that it can be found again where it is used; other expressions as usual."""
        plain = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
        if isinstance(plain, ast.Constant) and type(plain.value) is float:
            return self.hook("literal", [self.site("literal", node, []), node], node)
        return self.visit(node)

    # -------------------------------------------------------------------------------------------- expressions

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        site = self.site("binary", node, [node.left, node.right])
        args = [site, ast.Constant(BINARY[type(node.op)]), self.visit(node.left), self.visit(node.right)]
        return self.hook("binary", args, node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        if type(node.op) not in UNARY or isinstance(node.operand, ast.Constant):
            return self.generic_visit(node)
        site = self.site("unary", node, [node.operand])
        return self.hook("unary", [site, ast.Constant(UNARY[type(node.op)]), self.visit(node.operand)], node)

    def visit_Compare(self, node: ast.Compare) -> Any:
        if len(node.ops) > 1 or type(node.ops[0]) not in COMPARE:
            return self.generic_visit(node)
        site = self.site("compare", node, [node.left, node.comparators[0]])
        args = [self.visit(node.left), self.visit(node.comparators[0])]
        return self.hook("compare", [site, ast.Constant(COMPARE[type(node.ops[0])]), *args], node)

    def visit_Call(self, node: ast.Call) -> Any:
        if isinstance(node.func, ast.Name) and node.func.id in BY_FRAME:
            return self.generic_visit(node)
        site = self.site("call", node, [a.value if isinstance(a, ast.Starred) else a for a in node.args])
        if isinstance(node.func, ast.Attribute):
            self.sites[-1].owner = self.source.span(node.func.value)
        args = [self.literal(a) for a in node.args]
        keywords = [ast.keyword(k.arg, self.literal(k.value)) for k in node.keywords]
        return self.hook("call", [site, self.visit(node.func), *args], node, keywords)

    def visit_Starred(self, node: ast.Starred) -> Any:
        """`[*x, 1.0]` and `f(*x)` go through an array as a loop does."""
        if not isinstance(node.ctx, ast.Load):
            return self.generic_visit(node)
        each = self.hook("unpack", [self.site("unpack", node.value, [node.value]), self.visit(node.value)], node.value)
        return ast.copy_location(ast.Starred(each, ast.Load()), node)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        if not isinstance(node.ctx, ast.Load) or (isinstance(node.value, ast.Name) and node.value.id in self.modules):
            return self.generic_visit(node)
        site = self.site("attribute", node, [node.value])
        return self.hook("attribute", [site, self.visit(node.value), ast.Constant(self.mangled(node.attr))], node)

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        if not isinstance(node.ctx, ast.Load):
            return self.generic_visit(node)
        site = self.site("item", node, [node.value, node.slice])
        return self.hook("item", [site, self.visit(node.value), self.index(node.slice)], node)

    def index(self, node: Any) -> Any:
        """What stands between the brackets, as an expression."""
        if isinstance(node, ast.Slice):
            ends = [
                self.visit(end) if end is not None else ast.Constant(None)
                for end in (node.lower, node.upper, node.step)
            ]
            return self.hook("cut", ends, node)
        if isinstance(node, ast.Tuple):
            return ast.copy_location(ast.Tuple([self.index(part) for part in node.elts], ast.Load()), node)
        return self.visit(node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> Any:
        shown = self.hook("shown", [self.site("shown", node.value, [node.value]), self.visit(node.value)], node.value)
        spec = None if node.format_spec is None else self.visit(node.format_spec)
        return ast.copy_location(ast.FormattedValue(shown, node.conversion, spec), node)

    def visit_Dict(self, node: ast.Dict) -> Any:
        keys = [None if key is None else self.visit(key) for key in node.keys]
        return ast.copy_location(ast.Dict(keys, [self.literal(value) for value in node.values]), node)

    def visit_List(self, node: Any) -> Any:
        if isinstance(node.ctx, ast.Load):
            node.elts = [self.element(part) for part in node.elts]
        return node

    visit_Tuple = visit_List  # noqa: N815 - ast's name

    def element(self, node: Any) -> Any:
        """A written number inside a list is an object of its own there."""
        if isinstance(node, ast.Constant) and type(node.value) is float:
            return self.hook("element", [self.site("literal", node, []), node], node)
        return self.visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        made = ast.IfExp(self.test(node.test), self.visit(node.body), self.visit(node.orelse))
        return ast.copy_location(made, node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Any:
        name = node.target.id
        value = self.hook("bind", [self.site("store", node, [node.value], node.target), self.frame(name),
                                   ast.Constant(name), self.visit(node.value)], node)  # fmt: skip
        return ast.copy_location(ast.NamedExpr(node.target, value), node)

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        self._defaults(node.args)
        node.body = self.visit(node.body)
        return node

    def _comprehension(self, node: Any) -> Any:
        for part in node.generators:
            part.iter = self.hook(
                "iterate", [self.site("loop", part.iter, [part.iter]), self.visit(part.iter)], part.iter
            )
            part.ifs = [self.test(condition) for condition in part.ifs]
        for name in ("elt", "key", "value"):
            if hasattr(node, name):
                setattr(node, name, self.visit(getattr(node, name)))
        return node

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension  # noqa: N815 - ast's name

    def test(self, node: Any) -> Any:
        if isinstance(node, ast.Constant):
            return node
        return self.hook("truth", [self.site("truth", node, [node]), self.visit(node)], node)

    # --------------------------------------------------------------------------------------------- statements

    def visit_Expr(self, node: ast.Expr) -> Any:
        node.value = self.visit(node.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> Any:
        value = self._values(node.value, node.targets)
        if len(node.targets) == 1:
            return self.assign(node, node.targets[0], value, node.value)
        held = f"_doctor_held_{len(self.sites)}"
        out: list[ast.stmt] = [ast.copy_location(ast.Assign([ast.Name(held, ast.Store())], value), node)]
        for target in node.targets:
            out += self.assign(node, target, ast.Name(held, ast.Load()), node.value)
        return out

    def _values(self, node: Any, targets: list[Any]) -> Any:
        if isinstance(node, ast.Tuple) and any(isinstance(target, ast.Tuple) for target in targets):
            return ast.copy_location(ast.Tuple([self.literal(part) for part in node.elts], ast.Load()), node)
        return self.literal(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is None or self.in_class:  # an annotation in a class makes a field of a dataclass
            return node
        return self.assign(node, node.target, self.literal(node.value), node.value)

    def assign(self, statement: Any, target: Any, value: Any, written: Any) -> list[ast.stmt]:
        """Statements that store a value into a target."""
        at = statement
        if isinstance(target, ast.Name):
            site = self.site("store", statement, [written], target)
            value = self.hook("bind", [site, self.frame(target.id), ast.Constant(target.id), value], at)
            return [ast.copy_location(ast.Assign([ast.Name(target.id, ast.Store())], value), at)]
        if isinstance(target, ast.Attribute):
            site = self.site("store", statement, [written], target)
            args = [site, value, self.visit(target.value), ast.Constant(self.mangled(target.attr))]
            return [ast.copy_location(ast.Expr(self.hook("set_attribute", args, at)), at)]
        if isinstance(target, ast.Subscript):
            site = self.site("store", statement, [written], target)
            args = [site, value, self.visit(target.value), self.index(target.slice)]
            return [ast.copy_location(ast.Expr(self.hook("set_item", args, at)), at)]
        if isinstance(target, (ast.Tuple, ast.List)) and not any(isinstance(t, ast.Starred) for t in target.elts):
            parts = written.elts if isinstance(written, ast.Tuple) and len(written.elts) == len(target.elts) else None
            names = [f"_doctor_part_{len(self.sites)}_{k}" for k in range(len(target.elts))]
            value = self.hook("unpack", [self.site("unpack", statement, [written]), value], at)
            out: list[ast.stmt] = [
                ast.copy_location(
                    ast.Assign([ast.Tuple([ast.Name(n, ast.Store()) for n in names], ast.Store())], value), at
                )
            ]
            for k, (name, part) in enumerate(zip(names, target.elts, strict=True)):
                out += self.assign(statement, part, ast.Name(name, ast.Load()), parts[k] if parts else written)
            return out
        out = [ast.copy_location(ast.Assign([target], value), at)]
        return out + self._bound(statement, target)

    def _bound(self, statement: Any, target: Any) -> list[ast.stmt]:
        """Tell the tracer of names that were bound by Python itself."""
        out: list[ast.stmt] = []
        for part in ast.walk(target):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                args = [
                    self.site("store", part, [None], part),
                    self.frame(part.id),
                    ast.Constant(part.id),
                    ast.Name(part.id, ast.Load()),
                ]
                out.append(ast.copy_location(ast.Expr(self.hook("bind", args, statement)), statement))
        return out

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        op, target = ast.Constant(BINARY[type(node.op)]), node.target
        site = self.site("augmented", node, [target, node.value], target)
        if isinstance(target, ast.Name):
            args = [site, self.frame(target.id), ast.Constant(target.id), op, ast.Name(target.id, ast.Load())]
            value = self.hook("augment", [*args, self.literal(node.value)], node)
            return ast.copy_location(ast.Assign([ast.Name(target.id, ast.Store())], value), node)
        if isinstance(target, ast.Attribute):
            args = [
                site,
                op,
                self.visit(target.value),
                ast.Constant(self.mangled(target.attr)),
                self.literal(node.value),
            ]
            return ast.copy_location(ast.Expr(self.hook("augment_attribute", args, node)), node)
        args = [site, op, self.visit(target.value), self.index(target.slice), self.literal(node.value)]
        return ast.copy_location(ast.Expr(self.hook("augment_item", args, node)), node)

    def visit_For(self, node: ast.For) -> Any:
        site = self.site("loop", node.iter, [node.iter])
        node.iter = self.hook("loop", [site, self.visit(node.iter)], node.iter)
        self.loops.append(site.value)
        node.body = self._bound(node, node.target) + self.block(node.body)
        self.loops.pop()
        node.orelse = self.block(node.orelse)
        return node

    visit_AsyncFor = visit_For  # type: ignore[assignment]  # noqa: N815 - ast's name

    def visit_While(self, node: ast.While) -> Any:
        site = self.site("while", node.test, [node.test])
        node.test = self.test(node.test)
        self.loops.append(site.value)
        node.body = [ast.copy_location(ast.Expr(self.hook("turned", [site], node)), node), *self.block(node.body)]
        self.loops.pop()
        node.orelse = self.block(node.orelse)
        return node

    def visit_If(self, node: ast.If) -> Any:
        node.test = self.test(node.test)
        node.body, node.orelse = self.block(node.body), self.block(node.orelse)
        return node

    def visit_With(self, node: Any) -> Any:
        for item in node.items:
            item.context_expr = self.visit(item.context_expr)
        node.body = self.block(node.body)
        return node

    visit_AsyncWith = visit_With  # noqa: N815 - ast's name

    def visit_Try(self, node: Any) -> Any:
        node.body, node.orelse, node.finalbody = map(self.block, (node.body, node.orelse, node.finalbody))
        for handler in node.handlers:
            handler.body = self.block(handler.body)
        return node

    visit_TryStar = visit_Try  # noqa: N815 - ast's name

    def visit_Return(self, node: ast.Return) -> Any:
        if node.value is not None:
            node.value = self.hook(
                "returned", [self.site("return", node, [node.value]), self.literal(node.value)], node
            )
        return node

    def visit_Match(self, node: Any) -> Any:
        node.subject = self.visit(node.subject)
        for case in node.cases:
            case.body = self.block(case.body)
        return node

    def visit_Delete(self, node: ast.Delete) -> Any:
        return node

    def visit_Global(self, node: ast.Global) -> Any:
        self.globals[-1] |= set(node.names)
        return node

    def visit_Import(self, node: Any) -> Any:
        return node

    visit_ImportFrom = visit_Nonlocal = visit_Import  # noqa: N815 - ast's name

    def visit_FunctionDef(self, node: Any) -> Any:
        self._defaults(node.args)
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        classes, self.classes = self.classes, list(self.classes)
        in_class, self.in_class = self.in_class, False
        loops, self.loops = self.loops, []
        self.functions.append(node.name)
        self.globals.append({name for part in ast.walk(node) if isinstance(part, ast.Global) for name in part.names})
        names = [a.arg for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]]
        names += [a.arg for a in (node.args.vararg, node.args.kwarg) if a is not None]
        site = self.site("enter", node, [])
        pairs = ast.Tuple(
            [ast.Tuple([ast.Constant(n), ast.Name(n, ast.Load())], ast.Load()) for n in names], ast.Load()
        )
        enter = ast.Assign([ast.Name(FRAME, ast.Store())], self.hook("enter", [site, pairs], node))
        body = self.block(node.body)
        docstring = (
            bool(node.body) and isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
        )
        body.insert(int(docstring), ast.copy_location(enter, node))
        node.body = body
        self.functions.pop()
        self.globals.pop()
        self.classes, self.loops, self.in_class = classes, loops, in_class
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - ast's name

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        node.bases = [self.visit(base) for base in node.bases]
        self.classes.append(node.name)
        self.functions.append(node.name)
        in_class, self.in_class = self.in_class, True
        node.body = self.block(node.body)
        self.in_class = in_class
        self.functions.pop()
        self.classes.pop()
        return node

    def _defaults(self, arguments: ast.arguments) -> None:
        arguments.defaults = [self.literal(value) for value in arguments.defaults]
        arguments.kw_defaults = [None if value is None else self.literal(value) for value in arguments.kw_defaults]


def _head(source: Source, statement: Any) -> Any:
    """The span of a statement; of one with a body, its first line."""
    span = source.span(statement)
    if hasattr(statement, "body") and isinstance(statement, ast.stmt):
        return (span[0], span[1], span[0], len(source.lines[span[0] - source.first]) if source.lines else span[1])
    return span
