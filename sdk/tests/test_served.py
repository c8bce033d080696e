"""SDKs made from a running gateway's own document, with the endpoints of every vendor that comes with it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sdk.tests.gateway import configure
from sdk.tests.programs import BIN, GO, ROOT, run
from tests.kit.serving import serving

INVENTED = re.compile(r"(?i)inline|anonymous|handlers|_item$|Item$|(?<=[a-z_])\d+$|response_?\d")
"""What generators call things that have no name: they number them, or say where they were found."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SDKs made from the document that a gateway serves with every vendor's endpoints; returns their folder."""
    vendors = tuple(sorted(file.stem for file in (ROOT / "openapi" / "vendors").glob("*.yaml")))
    assert vendors
    gateway, into = tmp_path_factory.mktemp("gateway"), tmp_path_factory.mktemp("served")
    with serving(gateway, configure(gateway, vendors=vendors)) as url:
        run([BIN / "python", "-m", "sdk.generate", "--document", f"{url}/openapi.json", "--into", into], ROOT)
    return into


def operations(folder: Path) -> set[str]:
    """The operationIds that an SDK has to know."""
    document = json.loads((folder / "openapi.json").read_text())
    methods = ("get", "put", "post", "delete")
    found = [item[method]["operationId"] for item in document["paths"].values() for method in methods if method in item]
    assert len(set(found)) == len(found) > 30
    return set(found)


def plain(names: set[str]) -> set[str]:
    """Names without their case and joints, which differ from language to language."""
    return {name.replace("_", "").lower() for name in names}


def test_python(served: Path) -> None:
    """The package passes the strictest type check; each operation is a module, and nothing has an invented name."""
    package = served / "python" / "endsession_client"
    run([BIN / "mypy", "--strict", "--cache-dir", served / ".mypy_cache", package], served / "python")
    modules = {file.stem for file in package.glob("api/*/*.py")} - {"__init__"}
    assert plain(modules) == plain(operations(served))
    models = set(re.findall(r'^    "(\w+)",$', (package / "models" / "__init__.py").read_text(), re.MULTILINE))
    assert {"Session", "LogoutResult", "Delivery", "OAuthError", "ProviderMetadata", "SessionState"} <= models
    assert [name for name in models | modules if INVENTED.search(name)] == []


def test_typescript(served: Path) -> None:
    """The package is compiled; each operation is a function of exactly its name, and nothing has an invented name."""
    assert (served / "typescript" / "dist" / "index.d.ts").exists()
    source = served / "typescript" / "src"
    functions = set(re.findall(r"^export const (\w+) =", (source / "sdk.gen.ts").read_text(), re.MULTILINE))
    assert functions == operations(served)
    types = set(re.findall(r"^export type (\w+) =", (source / "types.gen.ts").read_text(), re.MULTILINE))
    assert {"Session", "LogoutResult", "Delivery", "OAuthError", "ProviderMetadata", "SessionState"} <= types
    assert [name for name in types if INVENTED.search(name)] == []


def test_go(served: Path) -> None:
    """The module passes `go vet`; each operation is a method, and neither a type nor a parameter is numbered."""
    module = served / "go"
    run([BIN / "go", "vet", "./..."], module, GO)
    text = "\n".join(file.read_text() for file in module.glob("*.go"))
    methods = set(re.findall(r"^func \(a \*\w+APIService\) (\w+)\(ctx ", text, re.MULTILINE))
    assert plain(methods) == plain(operations(served))
    types = set(re.findall(r"^type (?!Nullable)(\w+) ", text, re.MULTILINE))
    assert {"Session", "LogoutResult", "Delivery", "OAuthError", "ProviderMetadata", "SessionState"} <= types
    parameters = set(re.findall(r"^func \(r Api\w+Request\) (\w+)\(", text, re.MULTILINE))
    assert [name for name in types | parameters if INVENTED.search(name)] == []


def test_versions_are_the_documents(served: Path) -> None:
    """A client says from which version of the document it was made."""
    version = json.loads((served / "openapi.json").read_text())["info"]["version"]
    assert json.loads((served / "typescript" / "package.json").read_text())["version"] == version
    assert f'version = "{version}"' in (served / "python" / "pyproject.toml").read_text()
    assert f"API version: {version}" in (served / "go" / "client.go").read_text()


def test_times_are_exact(served: Path) -> None:
    """In Go no time is a float of 32 bits, which would be off by a minute; the other languages have but one kind."""
    models = [file.read_text() for file in (served / "go").glob("model_*.go")]
    assert "float64" in "".join(models)
    assert "float32" not in "".join(models)
