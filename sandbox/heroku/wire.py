"""Heroku's JSON for its things."""

import zlib
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sandbox.heroku.access import IssuedTokens
from sandbox.heroku.model import AddOn, App, Dyno, LogDrain, ProcessType, Release, Webhook

Json = dict[str, Any]


def app_json(app: App) -> Json:
    """Serialize an app."""
    return {
        "id": str(app.id),
        "name": app.name,
        "acm": False,
        "archived_at": None,
        "generation": _named(app.generation),
        "maintenance": app.maintenance,
        "region": _named("us"),
        "stack": _named("heroku-24"),
        "team": None,
        "space": None,
        "web_url": f"https://{app.name}-{app.id.hex[:12]}.herokuapp.com/",
        "created_at": _time(app.created_at),
        "updated_at": _time(app.created_at),
    }


def drain_json(app: App, drain: LogDrain) -> Json:
    """Serialize a log drain."""
    return {
        "id": str(drain.id),
        "addon": None,
        "app": {"id": str(app.id), "name": app.name},
        "token": drain.token,
        "url": drain.url,
        "created_at": _time(drain.created_at),
        "updated_at": _time(drain.created_at),
    }


def formation_json(app: App, process: ProcessType) -> Json:
    """Serialize a process type of an app."""
    return {
        "id": str(process.id),
        "app": {"id": str(app.id), "name": app.name},
        "type": process.name,
        "quantity": process.quantity,
        "size": process.size,
        "dyno_size": _named(process.size),
        "command": f"run {process.name}",
        "created_at": _time(process.created_at),
        "updated_at": _time(process.updated_at),
    }


def dyno_json(app: App, process: ProcessType, dyno: Dyno, now: datetime) -> Json:
    """Serialize a dyno of an app."""
    return {
        "id": str(dyno.id),
        "name": dyno.name,
        "app": {"id": str(app.id), "name": app.name},
        "type": dyno.process_type,
        "state": dyno.state(now).value,
        "size": process.size,
        "command": f"run {dyno.process_type}",
        "attach_url": None,
        "release": {"id": str(uuid5(app.id, "release")), "version": 1},
        "created_at": _time(dyno.created_at),
        "updated_at": _time(max(dyno.created_at, min(now, dyno.ready_at))),
    }


def release_json(app: App, release: Release) -> Json:
    """Serialize a release of an app."""
    return {
        "id": str(release.id),
        "app": {"id": str(app.id), "name": app.name},
        "version": release.version,
        "description": release.description,
        "status": "succeeded",
        "current": release is app.releases[-1],
        "user": {"id": str(uuid5(NAMESPACE_URL, release.by)), "email": release.by},
        "created_at": _time(release.created_at),
        "updated_at": _time(release.created_at),
    }


def addon_json(addon: AddOn) -> Json:
    """Serialize an add-on resource, with the app that owns it."""
    app = {"id": str(addon.app.id), "name": addon.app.name}
    return {
        "id": str(addon.id),
        "name": addon.name,
        "actions": [],
        "addon_service": _named("guv"),
        "app": app,
        "billing_entity": {**app, "type": "app"},
        "billed_price": None,
        "config_vars": sorted(addon.config),
        "plan": _named(f"guv:{addon.plan}"),
        "provider_id": addon.provider_id,
        "provision_message": addon.message or "",
        "state": addon.state.value,
        "web_url": addon.web_url,
        "created_at": _time(addon.created_at),
        "updated_at": _time(addon.created_at),
    }


def config_json(addon: AddOn) -> list[Json]:
    """Serialize an add-on's variables."""
    return [{"name": name, "value": value} for name, value in sorted(addon.config.items())]


def webhook_json(webhook: Webhook) -> Json:
    """Serialize a subscription to events, without its secret."""
    return {
        "id": str(webhook.id),
        "url": webhook.url,
        "include": list(webhook.include),
        "level": "sync",
        "created_at": _time(webhook.created_at),
        "updated_at": _time(webhook.created_at),
    }


def tokens_json(tokens: IssuedTokens) -> Json:
    """Serialize the answer of the token endpoint."""
    return {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "expires_in": int(tokens.lifetime),
        "token_type": "Bearer",
        "user_id": str(uuid5(NAMESPACE_URL, "user")),
        "session_nonce": None,
    }


def etag(body: bytes) -> str:
    """Return a fingerprint of an answer; equal answers have equal ones."""
    return f'"{zlib.crc32(body):08x}{len(body):x}"'


def _named(name: str) -> Json:
    return {"id": str(uuid5(NAMESPACE_URL, name)), "name": name}


def _time(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
