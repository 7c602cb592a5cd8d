"""Heroku's webhooks about apps and add-ons: signed, repeated and out of order."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from httpx2 import Response
from sqlmodel import Session, select

from api.addon.webhook_routes import is_signed
from guv.clock import steady_seconds, utc_now
from guv.crypto import Sealer
from guv.roles.models import Role, TickSchedule
from guv.tenants.models import Subscription, Tenant
from sandbox.heroku import webhooks
from sandbox.heroku.model import AddOn
from sandbox.heroku.webhooks import addon_event, app_event, formation_event
from sandbox.traffic import Fault
from tests.api.authorizing import Desk
from tests.api.callers import TenantCaller
from tests.builders import NOON, a_role

SECRET = "event-secret-marker"
Deliver = Callable[..., Response]


@pytest.fixture
def addon(desk: Desk) -> AddOn:
    return desk.world.heroku.addons[desk.caller.tenant.id]


@pytest.fixture
def deliver(desk: Desk, session: Session, sealer: Sealer) -> Deliver:
    """Deliver an event as Heroku does, by default with the right secret and resource."""
    sealed = sealer.seal(SECRET)
    session.add(
        Subscription(tenant_id=desk.caller.tenant.id, secret_sealed=sealed, created_at=NOON)
    )
    session.commit()

    def post(body: bytes, secret: str = SECRET, resource: UUID | None = None) -> Response:
        digest = hmac.digest(secret.encode(), body, hashlib.sha256)
        return desk.caller.client.post(
            f"/heroku/webhooks/{resource or desk.caller.tenant.id}",
            content=body,
            headers={webhooks.SIGNATURE: base64.b64encode(digest).decode()},
        )

    return post


def renamed(addon: AddOn, name: str, seconds: float) -> bytes:
    addon.app.name = name
    return app_event(addon, "update", NOON + timedelta(seconds=seconds)).body


def test_the_webhook_signature_is_that_of_the_published_example() -> None:
    right = "CLGP9rFMrAgalouSWkjtlUeXWWDt2cYbHVYEQMTTuu8="
    assert is_signed(b'{"a":1}', right, "sekret")
    assert not is_signed(b'{"a":2}', right, "sekret")
    assert not is_signed(b'{"a":1}', right, "other")
    assert not is_signed(b'{"a":1}', right, None)


def test_a_renamed_app_is_known_by_its_new_name(desk: Desk, addon: AddOn, deliver: Deliver) -> None:
    assert deliver(renamed(addon, "boutique", 0)).status_code == 204
    assert desk.stored().name == "boutique"


def test_an_apps_maintenance_is_stored_and_shown(
    desk: Desk, addon: AddOn, deliver: Deliver
) -> None:
    addon.app.maintenance = True
    deliver(app_event(addon, "update", NOON).body)
    assert desk.caller.get(desk.caller.app_path()).json()["maintenance"] is True
    addon.app.maintenance = False
    deliver(app_event(addon, "update", NOON + timedelta(seconds=1)).body)
    assert desk.caller.get(desk.caller.app_path()).json()["maintenance"] is False


def test_a_late_event_does_not_undo_a_newer_event(
    desk: Desk, addon: AddOn, deliver: Deliver
) -> None:
    first, second = renamed(addon, "first", 1), renamed(addon, "second", 2)
    answers = [deliver(body).status_code for body in (second, first, second, first)]
    assert (answers, desk.stored().name) == ([204] * 4, "second")


def test_an_event_without_a_publication_time_is_ordered_by_its_own_time(
    desk: Desk, addon: AddOn, deliver: Deliver
) -> None:
    bodies = [json.loads(renamed(addon, name, n)) for n, name in enumerate(("first", "second"))]
    for body in reversed(bodies):
        deliver(json.dumps({**body, "published_at": None}).encode())
    assert desk.stored().name == "second"


def test_a_deleted_app_is_not_ticked_any_more(
    desk: Desk, addon: AddOn, deliver: Deliver, session: Session
) -> None:
    a_role(session, desk.caller.app)
    session.commit()
    deliver(app_event(addon, "destroy", NOON).body)
    session.expire_all()
    assert [row.enabled for row in session.exec(select(TickSchedule))] == [False]
    assert desk.state()["note"] == "The app was deleted at Heroku."


def test_a_removed_add_on_ends_as_if_its_removal_had_been_asked_for(
    desk: Desk, addon: AddOn, deliver: Deliver, session: Session
) -> None:
    body = addon_event(addon, "destroy", NOON).body
    assert deliver(body).status_code == 204
    session.expire_all()
    assert session.get_one(Tenant, desk.caller.tenant.id).state == "deprovisioned"
    assert desk.stored().access_token_sealed is None
    assert deliver(body).status_code == 401  # the secret is gone, too


def test_a_renamed_resource_is_known_by_its_new_name(
    desk: Desk, addon: AddOn, deliver: Deliver, session: Session
) -> None:
    addon.name = "guv-renamed"
    deliver(addon_event(addon, "update", NOON).body)
    session.expire_all()
    assert session.get_one(Tenant, desk.caller.tenant.id).name == "guv-renamed"


@pytest.mark.parametrize(("left", "woken"), [(1, True), (3, False), (None, True)])
def test_dynos_that_somebody_else_changed_make_their_role_due(
    desk: Desk,
    addon: AddOn,
    deliver: Deliver,
    session: Session,
    left: int | None,
    woken: bool,  # noqa: FBT001
) -> None:
    later = utc_now() + timedelta(hours=1)
    roles = {}
    for name in ("worker", "mailer"):
        roles[name] = a_role(session, desk.caller.app, name).id
    role = session.get_one(TickSchedule, roles["worker"])
    for schedule in session.exec(select(TickSchedule)):
        schedule.due_at = later
    desk.caller.app.heroku_id = addon.app.id
    session.commit()
    set_left(session, roles["worker"], left)
    process = addon.app.types["worker"]
    desk.world.heroku.scale(addon.app, [{"type": "worker", "quantity": 3}])
    deliver(formation_event(addon, process, 1, NOON).body)
    session.expire_all()
    assert (role.due_at < later) is woken
    assert session.get_one(TickSchedule, roles["mailer"]).due_at == later


def set_left(session: Session, role: UUID, left: int | None) -> None:
    session.get_one(Role, role).dynos_left = left
    session.commit()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b"{}",
        b'"text"',
        b"[" * 5000,
        b'{"action": "update", "resource": "app", "data": {"id": "x"}}',
        b'{"action": "update", "resource": "app", "data": null}',
        b'{"action": "explode", "resource": "app", "data": {}}',
        b'{"action": "update", "resource": "moon", "data": {}}',
    ],
)
def test_an_unknown_event_is_accepted(
    desk: Desk, deliver: Deliver, logged: Callable[[], str], body: bytes
) -> None:
    before = desk.stored()
    assert deliver(body).status_code == 204
    assert desk.stored() == before
    assert '"result": "unknown"' in logged()


@pytest.mark.parametrize("resource", ["app", "addon"])
@pytest.mark.parametrize("action", ["update", "destroy"])
def test_an_event_of_another_resource_changes_nothing(
    desk: Desk, addon: AddOn, deliver: Deliver, resource: str, action: str
) -> None:
    before = desk.stored()
    body = json.loads(app_event(addon, action, NOON).body)
    body |= {"resource": resource, "data": {**body["data"], "id": str(uuid4()), "name": "x"}}
    assert deliver(json.dumps(body).encode()).status_code == 204
    assert desk.stored() == before


def test_an_event_without_herokus_signature_is_refused(
    desk: Desk, addon: AddOn, deliver: Deliver
) -> None:
    body = renamed(addon, "forged", 0)
    answers = [
        deliver(body, secret="wrong"),
        deliver(body, resource=uuid4()),
        desk.caller.client.post(f"/heroku/webhooks/{desk.caller.tenant.id}", content=body),
        deliver(body, secret=""),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert desk.stored().name != "forged"


def test_a_webhook_body_that_is_too_large_is_not_read(deliver: Deliver) -> None:
    assert deliver(b" " * 1_000_001).status_code == 413


def test_the_webhook_answer_does_not_wait_for_heroku(
    addon: AddOn, desk: Desk, deliver: Deliver
) -> None:
    desk.world.traffic.add_fault(Fault("/", hang=5.0))
    start = steady_seconds()
    assert deliver(renamed(addon, "boutique", 0)).status_code == 204
    assert steady_seconds() - start < 2
    assert desk.world.traffic.requests() == []


def test_an_event_names_no_other_tenants_app(
    desk: Desk, addon: AddOn, deliver: Deliver, session: Session, caller: TenantCaller
) -> None:
    """Two tenants may have the same Heroku app; an event belongs to the subscription's tenant."""
    caller.app.heroku_id = addon.app.id
    session.add(caller.app)
    session.commit()
    name = caller.app.name
    deliver(renamed(addon, "boutique", 0))
    session.refresh(caller.app)
    assert (caller.app.name, desk.stored().name) == (name, "boutique")
