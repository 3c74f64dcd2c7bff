"""The layer rule: app -> agent -> tools -> generators -> knowledge, nothing upward, no cycles."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ["knowledge", "generators", "tools", "agent"]
SOURCES = [p for layer in LAYERS for p in (ROOT / layer).rglob("*.py")]


def imported_layers(path: Path) -> set[str]:
    """The layers that a file imports by absolute name; relative imports must stay in the layer."""
    found = set()
    depth = len(path.relative_to(ROOT).parts) - 1  # folders above the file, its layer included
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.level <= depth, f"{path}: a relative import leaves its layer"
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        found |= {n.split(".")[1] for n in names if n.startswith("ionwright.")}
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down_only(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0]
    allowed = set(LAYERS[: LAYERS.index(layer) + 1])
    assert imported_layers(path) <= allowed


def modules() -> dict[str, Path]:
    named = {}
    for path in SOURCES:
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        named[".".join(["ionwright", *parts])] = path
    return named


def eager_imports(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """Modules of ours that are imported when this one is (top level, not for type checking)."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.ImportFrom):
            continue
        base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        found |= {f"{module}.{alias.name}" for alias in node.names}
        found |= {module} if node.module else set()  # `from . import x` needs x, not all of `.`
    return found & known.keys()


def test_no_import_cycles() -> None:
    known = modules()
    graph = {name: eager_imports(name, path, known) - {name} for name, path in known.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"cycle: {' -> '.join((*trail, name))}"
        if name not in done:
            for other in graph[name]:
                visit(other, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())
