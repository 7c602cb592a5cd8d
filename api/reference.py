"""How does a person read the contract? Swagger UI over /openapi.json, all from our own origin."""

import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

ASSETS = "/docs/assets"
_FILES = files("fastapi_offline") / "static"  # Swagger UI 5, which reads OpenAPI 3.1
router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def read_docs() -> HTMLResponse:
    """A page on which every route can be read and tried."""
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="guv's API",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon.png",
    )
    page.headers["Content-Security-Policy"] = _policy(bytes(page.body).decode())
    return page


def _policy(page: str) -> str:
    """What the page may load: what is ours, and its own script; its styles are set by script."""
    scripts = re.findall("<script>(.*?)</script>", page, re.DOTALL)
    hashes = (b64encode(sha256(one.encode()).digest()).decode() for one in scripts)
    own = " ".join(f"'sha256-{one}'" for one in hashes)
    return (
        f"default-src 'none'; script-src 'self' {own}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def add_reference(app: FastAPI) -> None:
    """Nothing; the app has the page and what it is made of."""
    app.include_router(router)
    app.mount(ASSETS, StaticFiles(directory=str(_FILES)), name="docs-assets")
