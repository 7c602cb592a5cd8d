"""A customer's session with Heroku's own command line, against guv's own processes."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from sandbox.fleet import (
    ADDON_PASSWORD,
    OAUTH_SECRET,
    PROCESSES,
    SSO_SALT,
    Fleet,
    Surroundings,
    fleet,
)
from sandbox.heroku.model import App
from sandbox.heroku.platform import Heroku
from sandbox.server import Outside, Sandbox, running
from sandbox.traffic import Fault
from tests.system.heroku_cli import HerokuCli, installed
from tests.system.world import wait_until

pytestmark = [
    pytest.mark.system,
    pytest.mark.xdist_group("heroku_cli"),
    pytest.mark.timeout(900),  # the first run installs the command line
]
ROOT = Path(__file__).parents[2]
BROKER = "amqps://guv:broker-password@rabbit.example.com/orders"
CREATE = "addons:create guv:basic -a shop --"


@dataclass(frozen=True, slots=True)
class Customer:
    """The customer's terminal, their app, and guv behind the add-on."""

    heroku: HerokuCli
    sandbox: Sandbox
    app: App
    fleet: Fleet

    def guv(self, path: str) -> httpx.Response:
        """Ask guv's API with the key in the app's GUV_URL."""
        url = httpx.URL(self.app.config_vars["GUV_URL"])
        bare = url.copy_with(userinfo=b"", path=f"{url.path}/{path}")
        return httpx.get(bare, auth=(url.username, url.password), timeout=10)


@pytest.fixture(scope="session")
def program() -> Path:
    return installed()


@pytest.fixture
def customer(
    program: Path, surroundings: Callable[[str], Surroundings], tmp_path: Path
) -> Iterator[Customer]:
    with ExitStack() as stack:
        outside = Outside(heroku=Heroku(client_secret=OAUTH_SECRET))
        sandbox = stack.enter_context(running(outside))
        around = surroundings(sandbox.url)
        guv = stack.enter_context(fleet(around, tmp_path / "guv", *PROCESSES))
        partner = {"base_url": f"{guv.api_url}/heroku/resources", "id": "guv"}
        secrets = {"password": ADDON_PASSWORD, "sso_salt": SSO_SALT}
        httpx.put(f"{sandbox.url}/sandbox/partner", json={**partner, **secrets})
        app = sandbox.heroku.new_app("shop", {"web": 1, "worker": 1})
        token = sandbox.heroku.authorizations.user_token(app, "owner@example.com")
        home = tmp_path / "home"
        home.mkdir()
        yield Customer(HerokuCli(program, home, sandbox.url, token), sandbox, app, guv)


def test_a_terminal_session_from_create_to_destroy(customer: Customer) -> None:
    heroku = customer.heroku
    wishes = ["--broker-url", BROKER, "--queues", "orders", "--maximum-dynos", "8"]
    created = heroku.run(CREATE, *wishes, "--config", '{"mailer": {"target_deadline": 300}}')
    assert "guv is ready" in created

    assert heroku.run("config:get GUV_URL -a shop").startswith("http://guv:guv_")
    answer = customer.guv("apps/shop").json()
    assert sorted(answer["roles"]) == ["mailer", "worker"]
    assert answer["broker"]["address"].startswith("https://rabbit.example.com")
    role = customer.guv("apps/shop/roles/worker").json()["effective"]
    assert role["maximum_dynos"] == {"value": 8, "source": "app"}

    heroku.run("ps:scale worker=3 -a shop")
    wait_until(lambda: customer.app.types["worker"].quantity == 3, 10)

    assert "shop" in signed_on(heroku.run("addons:open guv --show-url -a shop"))

    upgraded = heroku.run("addons:upgrade guv guv:standard -a shop")
    assert re.search(r"standard", upgraded)

    url = customer.app.config_vars["GUV_URL"]
    heroku.run("addons:destroy guv --confirm shop -a shop")
    assert customer.app.config_vars == {}
    assert httpx.get(f"{url}/apps", timeout=10).status_code == 401


def test_a_late_provisioning_is_finished_although_the_web_process_dies(
    customer: Customer,
) -> None:
    customer.sandbox.traffic.add_fault(Fault("/oauth/token", status=503, calls=1))
    customer.sandbox.traffic.add_fault(Fault("/addons/.*/config", status=503, calls=1))
    created = customer.heroku.run(CREATE, "--queues", "orders")
    assert customer.fleet.kill("api") == 1
    assert customer.app.config_vars == {}
    assert re.search(r"background|being (created|set up)", created)
    wait_until(lambda: "GUV_URL" in customer.app.config_vars, 30)

    customer.fleet.start("api")
    assert customer.guv("apps/shop").json()["roles"] == ["worker"]


def signed_on(output: str) -> str:
    """Follow the address in this text through Heroku's form to guv's page."""
    [address] = re.findall(r"http://\S+", output)
    form = httpx.get(address)
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form.text))
    [action] = re.findall(r'action="([^"]+)"', form.text)
    page = httpx.post(action, data=fields, follow_redirects=True)
    assert page.status_code == 200, page.text
    return page.text


def test_without_npm_the_skipped_run_says_that_nothing_was_tested(tmp_path: Path) -> None:
    program = "from tests.system.heroku_cli import installed; installed()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "NOT TESTED: no npm here" in done.stderr


def test_a_refusal_is_explained_in_the_terminal(customer: Customer) -> None:
    refused = customer.heroku.attempt(CREATE, "--maximum-dynos", "many")
    assert refused.returncode != 0
    assert "--maximum-dynos" in refused.stdout

    customer.heroku.run(CREATE, "--config", '{"a": {}, "b": {}, "c": {}, "d": {}}')
    too_small = customer.heroku.attempt("addons:upgrade guv guv:test -a shop")
    assert too_small.returncode != 0
    assert "remove 1 of 4 roles" in too_small.stdout
