"""What a browser does: it keeps cookies, follows links and sends the forms that it was given."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from guv.clock import unix_seconds
from sandbox.heroku.model import AddOn, App
from sandbox.heroku.sso import sso_form
from tests.api.callers import TenantCaller

SALT = "sso-salt-marker"


class _Forms(HTMLParser):
    """The forms of a page: where each goes, and what its fields hold."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._open, self._chosen = "", False  # the choice or text that is being read

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((values.get("action", ""), {}))
        name = values.get("name", "")
        if self.forms and tag == "option" and (not self._chosen or "selected" in values):
            self._chosen, self.forms[-1][1][self._open] = True, values.get("value", "")
        if tag in {"select", "textarea"}:
            self._open, self._chosen = name, False
        unchecked = values.get("type") in {"checkbox", "radio"} and "checked" not in values
        if tag in {"input", "textarea"} and self.forms and "name" in values and not unchecked:
            self.forms[-1][1][values["name"]] = values.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._open and self.lasttag == "textarea":
            self.forms[-1][1][self._open] += data

    def handle_endtag(self, tag: str) -> None:
        if tag in {"select", "textarea"}:
            self._open = ""


def forms_of(page: Response) -> list[tuple[str, dict[str, str]]]:
    """The page's forms in order."""
    parser = _Forms()
    parser.feed(page.text)
    return parser.forms


@dataclass
class Browser:
    """One browser of one person of a tenant."""

    client: TestClient
    owner: TenantCaller
    clock: Callable[[], datetime]
    email: str = "owner@example.com"
    cookies: dict[str, str] = field(default_factory=dict)

    def form(self, **changes: str) -> dict[str, str]:
        """What Heroku has the browser post, with some of it changed; "-" takes it out."""
        now, shop = self.clock(), self.owner.app
        app = App(shop.heroku_id, shop.name, now, timedelta(), {})
        addon = AddOn(self.owner.tenant.id, "guv-curved-1", "premium", app, now)
        form = {**sso_form(addon, SALT, self.email, int(unix_seconds(now))), **changes}
        return {name: value for name, value in form.items() if value != "-"}

    def sign_on(self, **changes: str) -> Response:
        return self._taken(self._ask("POST", "/sso/login", data=self.form(**changes)))

    def get(self, path: str, **params: Any) -> Response:
        return self._ask("GET", path, params=params or None)

    def poll(self, path: str) -> Response:
        """The answer to the script of a page, which asks by itself."""
        return self._ask("GET", path, headers={"Sec-Fetch-Dest": "empty"})

    def post(self, path: str, values: dict[str, Any]) -> Response:
        return self._taken(self._ask("POST", path, data=values))

    def send(self, page: str, action: str, **values: Any) -> Response:
        """The answer to a form of a page, found by where it goes, filled in with these values."""
        shown = self.get(page)
        assert shown.status_code == 200, shown.text
        found = [fields for where, fields in forms_of(shown) if where == action]
        assert found, f"{page} has no form for {action}: {[one for one, _ in forms_of(shown)]}"
        return self.post(action, {**found[0], **values})

    def csrf(self) -> str:
        return forms_of(self.get("/dashboard"))[0][1]["csrf"]

    def _ask(self, method: str, path: str, **options: Any) -> Response:
        self.client.cookies.clear()  # several browsers share one client
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {**options.pop("headers", {}), **({"Cookie": cookies} if cookies else {})}
        return self.client.request(method, path, headers=headers, **options)

    def _taken(self, answer: Response) -> Response:
        for one in answer.headers.get_list("set-cookie"):
            name, _, rest = one.partition("=")
            value = rest.partition(";")[0].strip('"')
            self.cookies.pop(name, None)
            if value:
                self.cookies[name] = value
        return answer
