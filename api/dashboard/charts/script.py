"""Where does the charts' script come from? From Plotly's own package, served from our origin.

It is some megabytes, so it is sent compressed, and kept by browsers for a year: its version stands
in its path.
"""

import gzip
from functools import cache
from importlib.metadata import version
from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.dashboard.assets import FOR_A_YEAR
from guv.errors import NotFound

VERSION = version("plotly")
PATH = f"/dashboard/plotly/{VERSION}/plotly.min.js"
# Plotly styles its parts through an empty <style> element; this is the digest of what is in it.
EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"

router = APIRouter()


@router.get("/dashboard/plotly/{wanted}/plotly.min.js")
def send_script(request: Request, wanted: str) -> Response:
    """The script of this version.

    Raises:
        NotFound: Another version is wanted, by a page of an earlier release.
    """
    if wanted != VERSION:
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
    """The script as most browsers take it; packed once, 1.5 MB."""
    return gzip.compress(_script(), 6, mtime=0)
