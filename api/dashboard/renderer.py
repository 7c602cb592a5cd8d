"""Rendering of pages from templates, with headers that keep them to our origin."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.dashboard import formatting
from api.dashboard.dependencies import CSRF_FIELD, Visitor, VisitorDep
from api.dashboard.forms.validation import Refusal
from api.dashboard.static_files import EMPTY_STYLE, PLOTLY_PATH, asset_url
from api.dependencies import PartsDep
from api.errors import ErrorBody
from api.paths import app_path, role_path
from guv.config import Config

DoneParam = Annotated[
    str, Query(max_length=40, pattern="^[a-z-]*$")
]  # the action that was just completed
PREFIXES = ("/dashboard", "/sso/", "/heroku/oauth/")
_TITLES = {
    400: "Bad request",
    401: "Signed out",
    403: "Not allowed",
    404: "Page not found",
    405: "Method not allowed",
    409: "Conflicting change",
    410: "Add-on removed",
    412: "Conflicting change",
    413: "Request too large",
    422: "Invalid request",
    429: "Too many requests",
    503: "guv is unavailable",
}
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals.update(
    asset_url=asset_url,
    charts_path=PLOTLY_PATH,
    csrf_field=CSRF_FIELD,
    app_path=app_path,
    role_path=role_path,
)
_templates.filters.update({name: getattr(formatting, name) for name in formatting.FILTERS})


@dataclass(frozen=True, slots=True)
class PageRenderer:
    """Renders pages for a visitor.

    Attributes:
        visitor: The visitor.
        config: The configuration, whose URLs the headers name.
        method: The HTTP method of the request.
    """

    visitor: Visitor
    config: Config
    method: str

    @property
    def clock(self) -> formatting.Clock:
        """The visitor's clock."""
        return formatting.Clock(self.visitor.zone, self.visitor.now)

    def render(
        self, template: str, status: int = 200, *, refusal: Refusal | None = None, **values: Any
    ) -> HTMLResponse:
        """Render a template; a refusal sets the status."""
        page_values = {
            "visitor": self.visitor,
            "clock": self.clock,
            "method": self.method,
            "here": "",
            "refusal": refusal,
            **values,
        }
        return html_page(template, page_values, self.config, refusal.status if refusal else status)


async def _renderer(parts: PartsDep, request: Request, visitor: VisitorDep) -> PageRenderer:
    return PageRenderer(visitor, parts.config, request.method)


RendererDep = Annotated[PageRenderer, Depends(_renderer)]


def see_other(path: str) -> RedirectResponse:
    """Redirect after a form, so that reloading the page does not submit the form again."""
    return RedirectResponse(path, 303)


def as_page(request: Request, answer: JSONResponse) -> Response:
    """Turn an error into a page if a person would see it; otherwise return it as it is."""
    if not request.url.path.startswith(PREFIXES):
        return answer
    body = ErrorBody.model_validate_json(bytes(answer.body))
    values = {
        "title": _TITLES.get(answer.status_code, "Something went wrong"),
        "status": answer.status_code,
        "error": body,
        "request_id": getattr(request.state, "request_id", ""),
    }
    return html_page("error.html", values, request.app.state.parts.config, answer.status_code)


def html_page(
    template: str, values: Mapping[str, Any], config: Config, status: int
) -> HTMLResponse:
    """Render a template for anybody, signed in or not."""
    text = _templates.get_template(template).render(values)
    return HTMLResponse(text, status, page_headers(config))


def page_headers(config: Config) -> dict[str, str]:
    """Build the headers of every page: our origin only, no frames, no caching."""
    heroku = urlsplit(config.heroku_id_url)
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' {EMPTY_STYLE}",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        # Browsers also apply this to redirects after a form, which can lead to Heroku's consent.
        "form-action": f"'self' {heroku.scheme}://{heroku.netloc}",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Strict-Transport-Security": "max-age=31536000",
        "Cache-Control": "no-store",
    }
