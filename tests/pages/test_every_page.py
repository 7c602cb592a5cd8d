"""Every page: fits a phone and a desktop, in light and dark, and is accessible."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlmodel import Session, select

from guv.clock import utc_now
from guv.crypto import Sealer
from guv.history.models import SampleRow
from guv.roles.models import Role
from guv.settings.models import SettingsChange, SettingsLevel
from sandbox.server import Sandbox
from tests.api.rows import a_decision, an_incident
from tests.builders import NOON, a_broker, a_key, a_level, a_role, an_hour
from tests.pages.conftest import Site
from tests.pages.rules import broken_rules
from tests.pages.shots import picture

LONG = "x" * 100  # the longest name of a role


@pytest.fixture
def inhabited(site: Site, session: Session, sealer: Sealer, world: Sandbox) -> Site:
    """Fill the site with a broker and roles in different states."""
    access, now = world.broker.new_vhost("shop"), utc_now()
    for name in ("orders", "mails", "a.queue.with.a.long.name.that.somebody.generated.4f2a9c"):
        world.broker.declare(access.vhost, name)
    a_broker(session, site.app, sealer, access.management_url(world.url))
    a_key(session, site.tenant.id, "GUV_URL", now)
    until = (now + timedelta(hours=2)).isoformat()
    night = {"days": [0, 1, 2, 3, 4], "start": "22:00", "end": "06:00", "dynos": 0}
    well = a_role(
        session,
        site.app,
        maximum_dynos=10,
        monthly_dyno_hours=500.0,
        override={"until": until, "maximum_dynos": 20},
        schedules=[{**night, "timezone": "Europe/Berlin"}],
    )
    ticked(session, well, now, current=2, desired=3, predicted_wait=21.0, outcome="scaled")
    changed(session, well, now)
    bad = a_role(session, site.app, "mailer", process_type="mailer", dry_run=True)
    late = {"current": 5, "desired": 5, "predicted_wait": 400.0, "misses_at_maximum": True}
    ticked(session, bad, now, **late)
    an_incident(session, bad, cause="deadline_missed", opened_at=now)
    a_role(session, site.app, "images", pause={"direction": "both", "until": until})
    long = a_role(session, site.app, LONG, queues=["q" * 255])
    changed(session, long, now)
    set_up_targets(session, site, sealer, now)
    session.commit()
    return site


def ticked(session: Session, role: Role, now: datetime, **values: Any) -> None:
    """Add a tick of four seconds ago and the role's usage of this hour."""
    row = a_decision(session, role, (now - NOON).total_seconds() - 4, **values)
    session.add(
        SampleRow(role_id=role.id, at=row.at, messages_ready=1234, messages_unacknowledged=3)
    )
    an_hour(session, role, now, finished=12345, in_time=12300.0, dyno_seconds=90000.0)


def set_up_targets(session: Session, site: Site, sealer: Sealer, now: datetime) -> None:
    """Send alerts of all apps to a webhook and to New Relic, which refuses the heartbeat."""
    new_relic = {"account_id": 1234567, "license_key": "a-license-key", "heartbeat": True}
    webhook = {"url": "https://hooks.example.com/guv", "secret": "whsec_"}
    a_level(
        session,
        site.tenant.id,
        site.tenant.id,
        level="global",
        updated_at=now,
        updated_by="me@example.com",
        notify_sealed=sealer.seal(json.dumps({"new_relic": new_relic, "webhook": webhook})),
        feed_failures=3,
        feed_error="New Relic rejects the license key (403)",
    )
    row = session.exec(select(SettingsLevel).where(SettingsLevel.level == "role")).first()
    assert row is not None
    row.notify_sealed = sealer.seal(json.dumps({"webhook": webhook}))
    session.add(row)


def changed(session: Session, role: Role, now: datetime) -> None:
    """Add a change by a person that raised the maximum."""
    session.add(
        SettingsChange(
            tenant_id=role.tenant_id,
            subject_id=role.id,
            level="role",
            version=2,
            at=now,
            by="me@example.com",
            before={"maximum_dynos": 5},
            after={"maximum_dynos": 10},
        )
    )


PAGES = {
    "overview": "/dashboard",
    "app": "/dashboard/apps/shop",
    "start": "/dashboard/apps/shop/start",
    "start-add": "/dashboard/apps/shop/start?add=role",
    "controls": "/dashboard/apps/shop/roles/worker/controls",
    "controls-paused": "/dashboard/apps/shop/roles/images/controls",
    "schedule": "/dashboard/apps/shop/roles/worker/schedule",
    "notifications": "/dashboard/notifications",
    "notifications-app": "/dashboard/apps/shop/notifications",
    "notifications-role": "/dashboard/apps/shop/roles/mailer/notifications",
    "keys": "/dashboard/keys",
    "changes": "/dashboard/changes",
    "role": "/dashboard/apps/shop/roles/worker",
    "missing": "/dashboard/apps/nowhere",
    "role-long": f"/dashboard/apps/shop/roles/{LONG}",
    "controls-long": f"/dashboard/apps/shop/roles/{LONG}/controls",
    "schedule-long": f"/dashboard/apps/shop/roles/{LONG}/schedule",
    "what-if-long": f"/dashboard/apps/shop/roles/{LONG}/what-if",
    "notifications-long": f"/dashboard/apps/shop/roles/{LONG}/notifications",
    "missing-long": f"/dashboard/apps/{LONG}",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_is_accessible(name: str, inhabited: Site, visitor: Page) -> None:
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    visitor.goto(inhabited.url + PAGES[name])
    assert len(asked) >= 2
    assert [url for url in asked if not url.startswith(inhabited.url)] == []
    assert picture(visitor, name) == []
    assert broken_rules(visitor) == []


def test_the_signed_out_page_is_accessible(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/dashboard")
    assert picture(page, "signed-out") == []
    assert broken_rules(page) == []


def test_an_empty_tenants_pages_are_accessible(visitor: Page, site: Site) -> None:
    for name, path in (("empty-overview", ""), ("empty-start", "/apps/shop/start")):
        visitor.goto(f"{site.url}/dashboard{path}")
        assert picture(visitor, name) == []
        assert broken_rules(visitor) == []
