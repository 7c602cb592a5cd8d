"""What are pages made of? Style and script from our own origin, kept by browsers for a year.

The version in the path is a digest of all of them, so that a new release is seen at once.
"""

import hashlib
from functools import cache
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "assets"
PATH = "/dashboard/assets"
FOR_A_YEAR = "public, max-age=31536000, immutable"


@cache
def asset_version() -> str:
    """A digest of all assets."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def asset_url(name: str) -> str:
    """Where the asset of that name is."""
    return f"{PATH}/{asset_version()}/{name}"


class _Assets(StaticFiles):
    """Those files; of another version than asked for, they are not kept by browsers."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        is_ours = scope.get("path_params", {}).get("version") == asset_version()
        answer.headers["Cache-Control"] = FOR_A_YEAR if is_ours else "no-cache"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


def add_assets(app: FastAPI) -> None:
    """Nothing; the app serves them."""
    app.mount(f"{PATH}/{{version}}", _Assets(directory=FOLDER), name="dashboard-assets")
