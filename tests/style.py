"""Style of the code as counts, read from its syntax trees; `python -m tests.style FOLDER...` lists each offender."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGES = ("features", "models", "training", "serving")

FIELD_PARTICIPLES = frozenset({"observed", "insured", "settled", "delivered", "registered", "failed", "expected"})
"""Participles that are terms of the field or of the contract."""

IRREGULAR_PARTICIPLES = frozenset(
    {
        "told",
        "kept",
        "found",
        "lit",
        "laid",
        "left",
        "beside",
        "known",
        "said",
        "seen",
        "held",
        "made",
        "done",
        "given",
        "taken",
        "brought",
        "sent",
        "shown",
        "begun",
        "chosen",
        "drawn",
        "met",
        "spread",
        "written",
        "put",
        "shut",
        "hidden",
        "bought",
        "lent",
        "paid",
        "borne",
        "broken",
        "built",
        "caught",
        "driven",
        "fallen",
        "felt",
        "fought",
        "gone",
        "grown",
        "heard",
        "hung",
        "led",
        "lost",
        "meant",
        "risen",
        "run",
        "sold",
        "spent",
        "stood",
        "struck",
        "taught",
        "thought",
        "thrown",
        "understood",
        "won",
        "worn",
        "wound",
        "usual",
        "typical",
        "standing",
        "around",
        "before",
        "apart",
        "together",
    }
)

RETIRED_WORDS = frozenset(
    {
        "part",
        "parts",
        "kept",
        "beside",
        "told",
        "standing",
        "place",
        "places",
        "before",
        "published",
        "known",
        "seen",
        "found",
        "lit",
        "laid",
        "left",
        "said",
        "held",
        "shared",
        "judged",
        "done",
        "given",
        "taken",
        "placed",
        "meant",
        "others",
        "usual",
    }
)
"""Words that had three to six meanings each; a local or a field names its content instead (docs/contributing.md)."""


@dataclass(frozen=True)
class Function:
    """A function or method: where it is defined, its name, and its syntax tree."""

    path: str
    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef
    top_level: bool

    @property
    def line(self) -> str:
        return f"{self.path}:{self.node.lineno} {self.name}"


class Code:
    """The packages' modules as syntax trees."""

    def __init__(self, root: Path, packages: Sequence[str] = PACKAGES) -> None:
        self.paths = sorted(path for package in packages for path in (root / package).rglob("*.py"))
        if (root / "lights.py").exists():
            self.paths.append(root / "lights.py")
        self.trees = {str(path.relative_to(root)): ast.parse(path.read_text("utf-8")) for path in self.paths}

    @cached_property
    def functions(self) -> list[Function]:
        """All functions and methods."""
        return [
            Function(path, node.name, node, any(node is one for one in tree.body))
            for path, tree in self.trees.items()
            for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]

    def bare_participles(self) -> list[Function]:
        """Functions named by a participle alone."""
        return [function for function in self.functions if is_participle(function.name.strip("_"))]

    @cached_property
    def bindings(self) -> list[tuple[str, str]]:
        """Every name that is bound: its place in the code and the name."""
        return [found for path, tree in self.trees.items() for found in _bindings(path, tree)]

    def retired_bindings(self) -> list[tuple[str, str]]:
        """Bindings that are one of the retired words."""
        return [binding for binding in self.bindings if binding[1].strip("_") in RETIRED_WORDS]

    def private_used_once(self) -> list[Function]:
        """Private functions that one place alone uses."""
        uses = {path: _uses(tree) for path, tree in self.trees.items()}
        return [
            function
            for function in self.functions
            if function.name.startswith("_")
            and not function.name.startswith("__")
            and uses[function.path][function.name] <= 1
        ]

    def public_names_twice(self) -> dict[str, list[str]]:
        """Public functions and classes of the same name in several modules."""
        modules: dict[str, set[str]] = defaultdict(set)
        for path, tree in self.trees.items():
            for node in tree.body:
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name[0] != "_":
                    modules[node.name].add(path)
        return {name: sorted(paths) for name, paths in sorted(modules.items()) if len(paths) > 1}

    def frame_functions(self) -> list[Function]:
        """Public functions and methods that return a frame."""
        return [
            function
            for function in self.functions
            if not function.name.startswith("_")
            and function.node.returns is not None
            and re.search(r"\b(DataFrame|LazyFrame)\b", ast.unparse(function.node.returns))
        ]

    def frames_without_columns(self) -> list[Function]:
        """Of these, the ones that name no column: neither by a schema nor in their docstring."""
        return [function for function in self.frame_functions() if not _names_columns(function.node)]

    def file_names_twice(self) -> dict[str, list[str]]:
        """File names that several folders have."""
        files: dict[str, list[str]] = defaultdict(list)
        for path in self.trees:
            if not path.endswith("__init__.py"):
                files[Path(path).name].append(path)
        return {name: paths for name, paths in sorted(files.items()) if len(paths) > 1}

    def flat_modules(self, package: str) -> list[str]:
        """The modules directly below a package."""
        return [path for path in self.trees if Path(path).parent.name == package and not path.endswith("__init__.py")]


def is_participle(name: str) -> bool:
    """Whether a name is one word and a participle, or a word used as one, that is no term of the field."""
    if "_" in name or name in FIELD_PARTICIPLES:
        return False
    return name in IRREGULAR_PARTICIPLES or (name.endswith("ed") and not name.endswith("eed") and len(name) > 4)


def _uses(tree: ast.AST) -> Counter[str]:
    """How often each name is read in a module, as a name or as an attribute."""
    nodes = list(ast.walk(tree))
    names = [node.id for node in nodes if isinstance(node, ast.Name)]
    return Counter(names + [node.attr for node in nodes if isinstance(node, ast.Attribute)])


def _bindings(path: str, tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield f"{path}:{node.lineno}", node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield f"{path}:{node.lineno}", node.attr
        elif isinstance(node, ast.arg):
            yield f"{path}:{node.lineno}", node.arg
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield f"{path}:{node.lineno}", node.name
        elif isinstance(node, ast.alias) and node.asname:
            yield f"{path}:{node.lineno}", node.asname


def _names_columns(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    decorated = any("returns" in ast.unparse(decorator) for decorator in node.decorator_list)
    return decorated or "`" in (ast.get_docstring(node) or "")


def main() -> None:
    """Print each offender below the named folders, by kind."""
    code, folders = Code(Path()), tuple(sys.argv[1:]) or ("",)

    def show(title: str, lines: Sequence[str], total: int | None = None) -> None:
        mine = [line for line in lines if line.startswith(folders)]
        share = f" of {total} = {100 * len(lines) / total:.1f}%" if total else ""
        print(f"\n{title}: {len(mine)} here, {len(lines)}{share} in all")
        print("\n".join(f"  {line}" for line in mine))

    show("bare participles", [one.line for one in code.bare_participles()], len(code.functions))
    show("retired words", [" ".join(one) for one in code.retired_bindings()], len(code.bindings))
    show("private, used once", [one.line for one in code.private_used_once()], len(code.functions))
    frames = len(code.frame_functions())
    show("frames without columns", [one.line for one in code.frames_without_columns()], frames)
    for title, twice in (("public names twice", code.public_names_twice()), ("files", code.file_names_twice())):
        print(f"\n{title}: {len(twice)}")
        print("\n".join(f"  {name}: {', '.join(paths)}" for name, paths in twice.items()))


if __name__ == "__main__":
    main()
