"""Every source file keeps the conventions that a reader relies on."""

import ast
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.repo.files import PACKAGES, ROOT, packages_in, pyproject, sources

SETTINGS = pyproject()["tool"]["tickgate"]
SOURCES = sources(*PACKAGES, "tests", "docs")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), relative(path))


def from_imports(path: Path) -> list[ast.ImportFrom]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom)]


@pytest.mark.parametrize("folder", packages_in(*PACKAGES, "tests"), ids=relative)
def test_every_package_says_in_one_line_what_it_holds(folder: Path) -> None:
    init = folder / "__init__.py"
    assert init.is_file(), f"{relative(folder)} has no __init__.py"
    docstring = ast.get_docstring(tree(init))
    assert docstring, f"{relative(init)} has no docstring"
    assert docstring.split("\n")[0].endswith("."), f"{relative(init)}: no full stop"


def test_every_module_says_what_it_is() -> None:
    assert [relative(p) for p in SOURCES if not ast.get_docstring(tree(p))] == []


def test_modules_are_short_or_have_a_reason() -> None:
    long = {relative(p): len(p.read_text("utf-8").splitlines()) for p in SOURCES}
    long = {path: lines for path, lines in long.items() if lines > SETTINGS["max_module_lines"]}
    assert {path: n for path, n in long.items() if path not in SETTINGS["long_modules"]} == {}
    assert set(SETTINGS["long_modules"]) <= {relative(p) for p in SOURCES}
    assert all(reason.endswith(".") for reason in SETTINGS["long_modules"].values())


def test_functions_are_short_or_have_a_reason() -> None:
    long = {}
    names = set()
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
                names.add(name := f"{relative(path)}:{node.name}")
                if lines > SETTINGS["max_function_lines"]:
                    long[name] = lines
    excused = SETTINGS["long_functions"]
    assert {name: lines for name, lines in long.items() if name not in excused} == {}
    assert set(excused) <= names
    assert all(reason.endswith(".") for reason in SETTINGS["long_functions"].values())


def components() -> list[tuple[str, ast.ClassDef]]:
    return [
        (f"{relative(path)}:{node.name}", node)
        for path in sources("gateware")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).endswith("Component") for base in node.bases)
    ]


@pytest.mark.parametrize("section", ["Timing", "Members"])
def test_every_component_documents_its_timing_and_its_ports(section: str) -> None:
    wanted = f"{section}\n{'-' * len(section)}\n"
    silent = []
    for name, node in components():
        docstring = ast.get_docstring(node) or ""
        combinational = section == "Timing" and "Combinational." in docstring.splitlines()[0]
        if wanted not in docstring and not combinational:
            silent.append(name)
    assert silent == []


def test_arguments_of_components_are_keywords() -> None:
    positional = [
        name
        for name, node in components()
        for function in node.body
        if isinstance(function, ast.FunctionDef) and function.name == "__init__"
        if len(function.args.args) > 1
    ]
    assert positional == []


def test_no_module_reads_the_environment_when_it_is_imported() -> None:
    class AtImport(ast.NodeVisitor):
        """Visit what runs at import: everything but the bodies of functions."""

        def __init__(self) -> None:
            self.readers: list[int] = []

        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            """Pass by."""

        def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
            """Pass by."""

        def visit_Attribute(self, node: ast.Attribute) -> None:
            """Note ``os.environ`` and ``os.getenv``."""
            if ast.unparse(node) in ("os.environ", "os.getenv"):
                self.readers.append(node.lineno)
            self.generic_visit(node)

    readers = []
    for path in sources(*PACKAGES):
        visitor = AtImport()
        visitor.visit(tree(path))
        readers += [f"{relative(path)}:{line}" for line in visitor.readers]
    assert readers == []


def test_no_module_imports_a_star() -> None:
    stars = [
        relative(path)
        for path in SOURCES
        for node in from_imports(path)
        if any(alias.name == "*" for alias in node.names)
    ]
    assert stars == []


def test_gateware_annotations_are_evaluated_because_amaranth_reads_them() -> None:
    lazy = [
        relative(path)
        for path in sources("gateware")
        for node in from_imports(path)
        if node.module == "__future__"
    ]
    assert lazy == []


def test_cupy_is_imported_by_the_backend_alone() -> None:
    users = {
        relative(path)
        for path in sources(*PACKAGES)
        for node in ast.walk(tree(path))
        if (
            isinstance(node, ast.Import) and any(a.name.split(".")[0] == "cupy" for a in node.names)
        )
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "cupy")
    }
    assert users <= {"gpu/backend.py"}


def test_every_test_folder_tests_something() -> None:
    empty = [
        relative(folder)
        for folder in packages_in("tests")
        if folder != ROOT / "tests"
        and not any(folder.rglob("test_*.py"))
        and not (folder / "__main__.py").is_file()
    ]
    assert empty == []


def test_pytest_passes_over_no_folder_of_tests(pytestconfig: pytest.Config) -> None:
    patterns = pytestconfig.getini("norecursedirs")
    passed_over = [
        relative(folder)
        for folder in packages_in("tests")
        if any(fnmatch(folder.name, pattern) for pattern in patterns)
    ]
    assert passed_over == []
