"""The package as its users meet it: its names, its imports, its examples."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import obcore

ROOT = Path(__file__).parents[1]
HEAVY = ("aiohttp", "matplotlib", "pandas", "pyarrow", "rich", "scipy", "torch", "typer")
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(obcore.__path__, "obcore.")
    if not module.name.startswith("obcore.cli")
)


def test_the_public_names_are_those_that_exist() -> None:
    public = {
        name
        for name, thing in vars(obcore).items()
        if not name.startswith("_")
        and not isinstance(thing, ModuleType)
        and name != "annotations"
    }

    assert public | {"features"} == set(obcore.__all__)
    assert len(obcore.__all__) == len(set(obcore.__all__))


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert obcore.__version__ == project["version"]


def test_importing_obcore_loads_numpy_and_nothing_heavy() -> None:
    program = "import sys, obcore; print(*sys.modules)"

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert {"numpy", "obcore"} <= loaded
    assert not loaded & set(HEAVY)


def has_headers() -> bool:
    return (Path(obcore.get_include()) / "obcore" / "book.hpp").exists()


def test_the_headers_lie_where_get_include_says() -> None:
    if not has_headers():
        pytest.skip("the package is not installed, only its sources are on the path")
    headers = {path.name for path in (ROOT / "cpp" / "include" / "obcore").glob("*.hpp")}

    installed = {path.name for path in (Path(obcore.get_include()) / "obcore").glob("*.hpp")}

    assert installed == headers


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_are_true(name: str) -> None:
    if name == "obcore.include" and not has_headers():
        pytest.skip("the package is not installed, only its sources are on the path")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        pytest.skip(f"needs {error.name}, which an extra installs")

    failed, _ = doctest.testmod(module)

    assert failed == 0


def readme_examples() -> list[str]:
    readme = ROOT / "README.md"
    if not readme.exists():
        return []
    return re.findall(r"^```python\n(.*?)^```", readme.read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("example", readme_examples(), ids=lambda code: code.splitlines()[0])
def test_the_examples_in_the_readme_run(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})  # noqa: S102

    assert "obcore" in example


UNITS = {"quote", "ln quote", "base", "bps", "1", "ms", "1/s", "base/s", "the feature's"}


def test_the_catalogue_describes_every_feature() -> None:
    described = obcore.features.catalog()

    numbered = "|".join(re.escape(row.name).replace(r"\{n\}", r"\d+") for row in described)
    assert all(re.fullmatch(numbered, name) for name in obcore.FeatureSet("all").names)
    assert len({row.name for row in described}) == len(described)
    for row in described:
        assert row.formula
        assert row.source
        assert row.unit in UNITS
