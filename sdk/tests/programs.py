"""Programs on top of the SDKs, each compiled in a folder of its own as an app that uses the SDK would be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SDK = ROOT / "sdk"
BIN = SDK / ".venv" / "bin"
GO = {"GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOCACHE": str(SDK / "build" / ".go-cache")}
"""Go may fetch nothing: the SDK needs Go's own library only."""
COMPILER = {
    "compilerOptions": {
        "strict": True,
        "noEmit": True,
        "target": "es2022",
        "module": "nodenext",
        "types": ["node"],
        "typeRoots": [str(SDK / "node_modules" / "@types")],
    }
}


def run(command: list[str | Path], folder: Path, variables: Mapping[str, str] | None = None) -> str:
    """What a command printed. Fails with everything it said if it fails."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **(variables or {})}
    words = [*map(str, command)]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def python(program: Path, folder: Path) -> tuple[list[str | Path], dict[str, str]]:
    """Check the types of a Python program and of the SDK under it; the command that runs it, with its environment."""
    path = {"PYTHONPATH": str(SDK / "build" / "python"), "MYPYPATH": str(SDK / "build" / "python")}
    run([BIN / "mypy", "--strict", "--cache-dir", SDK / "build" / ".mypy_cache", program], folder, path)
    return [BIN / "python", "-W", "error", program], path


def typescript(program: Path, folder: Path) -> tuple[list[str | Path], dict[str, str]]:
    """Install the SDK as a package, and compile a TypeScript program with `strict`; the command that runs it."""
    (folder / "package.json").write_text(json.dumps({"private": True, "type": "module"}))
    (folder / "tsconfig.json").write_text(json.dumps(COMPILER))
    shutil.copy(program, folder)
    run([BIN / "npm", "install", "--offline", "--no-audit", "--no-fund", SDK / "build" / "typescript"], folder)
    run([BIN / "node", SDK / "node_modules" / "typescript" / "bin" / "tsc", "--project", folder], folder)
    return [BIN / "node", folder / program.name], {}


def go(program: Path, folder: Path) -> tuple[list[str | Path], dict[str, str]]:
    """Compile the SDK and a Go program, and vet both; the command that runs it."""
    run([BIN / "go", "vet", "./..."], SDK / "build" / "go", GO)
    shutil.copy(program, folder)
    module = "endsession/sdk/go"
    run([BIN / "go", "mod", "init", "app"], folder, GO)
    run(
        [BIN / "go", "mod", "edit", f"-replace={module}={SDK / 'build' / 'go'}", f"-require={module}@v0.0.0"],
        folder,
        GO,
    )
    run([BIN / "go", "vet", "./..."], folder, GO)
    run([BIN / "go", "build", "-o", "program", "."], folder, GO)
    return [folder / "program"], {}


COMPILE = {"py": python, "ts": typescript, "go": go}
"""By the ending of a program's name."""
