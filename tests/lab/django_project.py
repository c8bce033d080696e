"""How a provider that is a Django project is set up and run: by its own commands, and by gunicorn."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

from .process import clean_environment, lab_python, program, run
from .provider import LabProvider, private_key

PROJECTS = Path(__file__).parent / "projects"


class DjangoProject(LabProvider):
    """A provider whose settings are `projects/sites/{name}_settings.py`."""

    def environment(self) -> dict[str, str]:
        """Where the settings are, and what they read."""
        return clean_environment(
            PYTHONPATH=str(PROJECTS),
            DJANGO_SETTINGS_MODULE=f"sites.{self.name}_settings",
            LAB_FOLDER=str(self.folder),
            LAB_HOST=self.host,
            LAB_SCHEME=urlsplit(self.base).scheme,
        )

    def command(self) -> list[str]:
        """Gunicorn with threads, so that a slow request holds up no other."""
        return [
            program("gunicorn"),
            f"--bind=127.0.0.1:{self.port}",
            "--threads=8",
            "--keep-alive=5",
            f"--worker-tmp-dir={self.folder}",
            "--no-control-socket",
            "django.core.wsgi:get_wsgi_application()",
        ]

    def prepare(self) -> None:
        """A database, if there is none yet, with the lab's users and the apps that it can serve in it."""
        private_key(self.folder)
        if not (self.folder / "db.sqlite3").exists():
            run([program("django-admin"), "migrate", "--verbosity=0"], self.folder, self.environment())
            script = PROJECTS / "sites" / f"{self.name}_populate.py"
            run([lab_python(), str(script)], self.folder, self.environment(), json.dumps(self.population()))
