"""Static files: style sheets and scripts of ours, and Plotly from its own package.

Browsers keep them for a year, since a version stands in each path: a digest of our files, or
Plotly's own version.
"""

import gzip
import hashlib
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from guv.errors import NotFound

FOLDER = Path(__file__).parent / "assets"
ASSETS_PATH = "/dashboard/assets"
FOR_A_YEAR = "public, max-age=31536000, immutable"


@cache
def asset_version() -> str:
    """Return a digest of all our files."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def asset_url(name: str) -> str:
    """Return the URL of one of our files."""
    return f"{ASSETS_PATH}/{asset_version()}/{name}"


class _Assets(StaticFiles):
    """Our files, cached by browsers only under the present version."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        is_ours = scope.get("path_params", {}).get("version") == asset_version()
        answer.headers["Cache-Control"] = FOR_A_YEAR if is_ours else "no-cache"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


def add_assets(app: FastAPI) -> None:
    """Serve our files."""
    app.mount(f"{ASSETS_PATH}/{{version}}", _Assets(directory=FOLDER), name="dashboard-assets")


PLOTLY_VERSION = version("plotly")
PLOTLY_PATH = f"/dashboard/plotly/{PLOTLY_VERSION}/plotly.min.js"
# Plotly adds an empty <style> element; this is the hash of its content.
EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"

router = APIRouter()


@router.get("/dashboard/plotly/{wanted}/plotly.min.js")
def send_script(request: Request, wanted: str) -> Response:
    """Send Plotly's script, compressed where the client accepts that.

    Raises:
        NotFound: A page of an earlier release asks for another version.
    """
    if wanted != PLOTLY_VERSION:
        raise NotFound("The chart script has another version now. Reload the page.")
    is_packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {
        "Cache-Control": FOR_A_YEAR,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        **({"Content-Encoding": "gzip"} if is_packed else {}),
    }
    body = _packed() if is_packed else _script()
    return Response(body, media_type="text/javascript; charset=utf-8", headers=headers)


def _script() -> bytes:
    return files("plotly").joinpath("package_data", "plotly.min.js").read_bytes()


@cache
def _packed() -> bytes:
    """Compress the script once, to 1.5 MB."""
    return gzip.compress(_script(), 6, mtime=0)
