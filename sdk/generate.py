"""Generate the client SDKs into sdk/build: `make sdks`, or `python -m sdk.generate [--document X] [language ...]`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .document import for_clients, read

HERE = Path(__file__).resolve().parent
BUILD = HERE / "build"
BIN = Path(sys.executable).parent
"""Where the tools are: the environment that runs this."""


def main() -> None:
    """Generate each language that is asked for, or all; exits with the output of a tool that failed."""
    parser = argparse.ArgumentParser(prog="sdk.generate", description="Generate client SDKs into sdk/build.")
    parser.add_argument("--document", default=str(HERE.parent / "openapi" / "idp.yaml"), help="a file or an address")
    parser.add_argument("--into", type=Path, default=BUILD, help="the folder (default: sdk/build)")
    parser.add_argument("languages", nargs="*", metavar="language", help=f"of {', '.join(LANGUAGES)} (default: all)")
    options = parser.parse_args()
    if unknown := set(options.languages) - set(LANGUAGES):
        parser.error(f"there is no SDK for {', '.join(sorted(unknown))}; there is one for {', '.join(LANGUAGES)}")
    into = options.into.resolve()
    into.mkdir(parents=True, exist_ok=True)
    document = into / "openapi.json"
    try:
        content = read(options.document)
    except OSError as error:
        sys.exit(f"The document {options.document} cannot be read: {error}")
    document.write_text(json.dumps(for_clients(content), indent=1))
    for language in options.languages or LANGUAGES:
        folder = into / language
        shutil.rmtree(folder, ignore_errors=True)
        LANGUAGES[language](document, folder)
        print(f"{language:<10} {os.path.relpath(folder)}")


def python(document: Path, folder: Path) -> None:
    """A package on httpx and attrs. A warning is an error: it says what was left out."""
    run("openapi-python-client", "generate", "--fail-on-warning", "--overwrite", "--config", HERE / "python.yaml",
        "--path", document, "--output-path", folder)  # fmt: skip
    shutil.rmtree(folder / ".ruff_cache", ignore_errors=True)
    for module in folder.glob("*/api/*/[a-z]*.py"):
        module.write_text(_tolerant(module.read_text()))


def _tolerant(module: str) -> str:
    """An operation's module that parses JSON only: an answer may be a page, and so may what a proxy answers."""
    before, signature, body = module.partition("def _parse_response(")
    signature_end = body.index(":\n    if ") + 2
    guard = """    media_type = response.headers.get("content-type", "").partition(";")[0]
    if response.content and media_type != "application/json":
        return None

"""
    return before + signature + body[:signature_end] + guard + body[signature_end:]


def typescript(document: Path, folder: Path) -> None:
    """A package on fetch, compiled with `strict`; it depends on nothing."""
    npx = ("npm", "exec", "--offline", "--")
    config = HERE / "openapi-ts.config.mjs"
    run(*npx, "openapi-ts", "--file", config, SDK_DOCUMENT=str(document), SDK_FOLDER=str(folder / "src"))
    manifest = json.loads((HERE / "typescript" / "package.json").read_text())
    version = json.loads(document.read_text())["info"]["version"]
    (folder / "package.json").write_text(json.dumps({**manifest, "version": version}, indent=2))
    shutil.copy(HERE / "typescript" / "tsconfig.json", folder)
    run(*npx, "tsc", "--project", folder)


def go(document: Path, folder: Path) -> None:
    """A module on Go's own library; it depends on nothing."""
    run("openapi-generator-cli", "generate", "--config", HERE / "go.yaml", "--input-spec", document, "--output", folder)
    for leftover in ("git_push.sh", ".travis.yml", ".gitignore", ".openapi-generator-ignore"):
        (folder / leftover).unlink(missing_ok=True)


def run(tool: str, *arguments: str | Path, **variables: str) -> None:
    """Run a tool in sdk/, with environment variables; exits with what it said if it fails."""
    environment = {**os.environ, **variables, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [str(BIN / tool), *map(str, arguments)]
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        sys.exit(f"{tool} failed:\n{done.stdout}{done.stderr}")


LANGUAGES: dict[str, Callable[[Path, Path], None]] = {"python": python, "typescript": typescript, "go": go}

if __name__ == "__main__":
    main()
