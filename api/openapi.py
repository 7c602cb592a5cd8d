"""OpenAPI document: examples for every field, and the page that shows it.

One example for each name: a name means the same everywhere (docs/glossary.md). `Model.name` comes
first, for a model that means something else by it. Examples that a model itself has stay.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

Schema = dict[str, Any]

_ID = "6b0c2f5e-7f0c-4a40-8d2e-0f6f0e1f2a3b"
_NOON, _LATER = "2026-11-25T12:00:00Z", "2026-11-25T12:05:00Z"
_SCHEDULE = {
    "days": [0, 1, 2, 3, 4],
    "start": "08:00",
    "end": "18:00",
    "timezone": "Europe/Berlin",
    "minimum_dynos": 2,
}
_STEP = {
    "name": "deadline",
    "before": 1,
    "after": 4,
    "reason": "deadline",
    "note": "240 jobs waiting",
}
_COUNTS = {
    "messages_ready": 240,
    "messages_unacknowledged": 4,
    "published": 81260,
    "served": 81016,
    "redelivered": 0,
    "consumers": 4,
}
_KEY = "guv_EXAMPLE"

EXAMPLES: dict[str, Any] = {
    # Names and addresses
    "id": _ID,
    "DecisionAnswer.id": 41207,
    "uuid": _ID,
    "resource": _ID,
    "drain": _ID,
    "replay": _ID,
    "key": _KEY,
    "path.key": _ID,
    "app": "shop",
    "role": "worker",
    "name": "shop",
    "plan": "basic",
    "roles": ["worker", "mailer"],
    "url": "https://guv.example.com/one-time-address",
    "address": "https://rabbit.example.com vhost orders",
    "queues": ["orders"],
    "process_type": "worker",
    "config": {"GUV_URL": "https://guv:KEY@guv.example.com/v1"},
    "options": {"broker-url": "amqps://guv:secret@rabbit.example.com/orders"},
    "code": "01234567-89ab-cdef-0123-456789abcdef",
    "account_id": 1234567,
    "license_key": "YOUR-LICENSE-KEY",
    "notify": {"new_relic": {"account_id": 1234567, "license_key": "[masked]", "region": "eu"}},
    "command": "heroku drains:add https://guv.example.com/heroku/drains/...",
    "nrql": "SELECT count(*) FROM GuvHeartbeat",
    "nerdgraph": "mutation { alertsNrqlConditionStaticCreate(policyId: POLICY_ID, ...) { id } }",
    "setting": "maximum_dynos",
    # States and messages
    "state": "authorized",
    "IncidentAnswer.state": "open",
    "maintenance": False,
    "note": "",
    "by": "key GUV_URL",
    "error": None,
    "notify_error": None,
    "warning": None,
    "message": "minimum_dynos is 8 (from role), above maximum_dynos 5 (from default);"
    " it must be at most 5.",
    "PlanAnswer.message": "Your plan is now standard.",
    "ProvisionAnswer.message": "guv is ready. Set the broker and the roles next.",
    "FieldFault.field": "minimum_dynos",
    "FieldFault.message": "is 8 (from role), above maximum_dynos 5 (from default);"
    " it must be at most 5",
    "messages": ["role 'mailer': the broker has no queue 'mail'; did you mean 'mails'?"],
    "ok": True,
    "dry_run": False,
    "failures": 0,
    "retry_at": None,
    "can_connect": True,
    "title": "worker misses its deadline at the maximum of 4 dynos",
    "text": "The last job will finish in 140 s, the deadline is 60 s. 9 dynos would meet it.",
    "also": ["paused until 18:00"],
    # Counts
    **_COUNTS,
    "dynos": 4,
    "current": 1,
    "required": 4,
    "desired": 4,
    "dynos_to_meet": 9,
    "version": 5,
    "settings_version": "0.2.5",
    "finished": 15210,
    "finished_24h": 15210,
    "changes": 42,
    "ups": 21,
    "downs": 21,
    "decisions": 8640,
    "overdue": 0,
    "faulty": 0,
    "wishing": 2,
    "unfulfilled": 0,
    "Logplex-Msg-Count": 3,
    # Seconds, hours, dollars and shares
    "age": 0.4,
    "seconds": 1.2,
    "start_delay": 21.5,
    "signal_lost_after": 300,
    "predicted_wait": 41.3,
    "seconds_at_maximum": 120.0,
    "seconds_watched": 86400.0,
    "dyno_hours": 31.5,
    "dyno_hours_a_day": 29.8,
    "dyno_hours_month": 640.25,
    "usd": 0.315,
    "usd_month": 6.4,
    "share": 0.64,
    "share_in_time": 0.998,
    "share_in_time_24h": 0.998,
    "never_done": False,
    "misses_at_maximum": False,
    # Times
    "at": _NOON,
    "sample_at": _NOON,
    "since": _NOON,
    "until": _LATER,
    "from": _NOON,
    "to": _LATER,
    "updated_at": _NOON,
    "created_at": _NOON,
    "last_used_at": _NOON,
    "seen_at": _NOON,
    "ends_at": None,
    "expires_at": _LATER,
    "first_seen_at": _NOON,
    "last_seen_at": _LATER,
    "opened_at": _NOON,
    "resolved_at": _LATER,
    "open_notified_at": _NOON,
    "resolve_notified_at": _LATER,
    "events_until": _NOON,
    "cap_reached_at": "2026-11-29T08:00:00Z",
    "next_downscale_at": _LATER,
    # Decisions
    "direction": "up",
    "reason": "deadline",
    "outcome": "scaled",
    "explanation": "Scaling from 1 to 4 dynos: 240 jobs waiting, to be done within 60 s.",
    "notices": [],
    "estimates": {"arrival_rate": 2.4, "service_time": 1.6, "boot_time": 28.0, "backlog": 244},
    "trail": [_STEP],
    "SampleAnswer.queues": {"orders": _COUNTS},
    "TimedSample.queues": {"orders": _COUNTS},
    "cursor": "WyIyMDI2LTExLTI1VDEyOjAwOjAwKzAwOjAwIiwgIjQxMjA3Il0",
    "next_cursor": "WyIyMDI2LTExLTI1VDEyOjAwOjAwKzAwOjAwIiwgIjQxMjA3Il0",
    # Settings
    "value": 20,
    "before": 10,
    "after": 20,
    "NoDataCount.after": 300,
    "effective": {"maximum_dynos": {"value": 20, "source": "global"}},
    "minimum_dynos": 1,
    "maximum_dynos": 20,
    "target_deadline": 60,
    "percentile": 99,
    "concurrency": 4,
    "policy_parameters": {"messages_per_dyno": 100},
    "interval": 10,
    "history": 120,
    "busy_protection_limit": 1800,
    "date": "2026-12-24",
    "monthly_dyno_hours": 750.0,
    "alert_after": 60,
}

BODIES: dict[str, Any] = {
    "SettingsValues": {"queues": ["orders"], "target_deadline": 120, "maximum_dynos": 10},
    "PauseScaling": {"direction": "down", "until": "2027-01-01T00:00:00Z"},
    "OverrideBounds": {"until": "2027-01-01T00:00:00Z", "maximum_dynos": 20},
    "ScheduleRequest": {"schedules": [_SCHEDULE]},
    "BrokerRequest": {"url": "amqps://guv:secret@rabbit.example.com/orders"},
    "TokenRequest": {"token": "HRKU-01234567-89ab-cdef-0123-456789abcdef"},
    "WebMetrics": {"seconds": 30.0, "requests": 1200, "p95": 0.42, "mean": 0.15, "serving": 3},
    "KeyRequest": {"name": "notebook", "scope": "read"},
    "RotateRequest": {"old_valid_for": 3600},
    "ReplayRequest": {"variants": [{"name": "20 dynos", "settings": {"maximum_dynos": 20}}]},
    "ProvisionRequest": {"uuid": _ID, "plan": "basic"},
    "PlanRequest": {"plan": "standard"},
    "ErrorBody": {
        "id": "invalid_params",
        "message": "target_deadline must be above 0 s.",
        "fields": [{"field": "target_deadline", "message": "must be above 0 s"}],
    },
}


def add_examples(app: FastAPI) -> None:
    """Add an example to each field, parameter and body of the OpenAPI document."""
    plain = app.openapi

    def openapi() -> Schema:
        document = plain()
        for name, schema in document["components"]["schemas"].items():
            if name in BODIES:
                schema.setdefault("examples", [BODIES[name]])
            for field, value in schema.get("properties", {}).items():
                _exemplify(value, f"{name}.{field}", field)
        for parameter in parameters(document):
            place, name = parameter["in"], parameter["name"]
            _exemplify(parameter["schema"], f"{place}.{name}", name)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation does


def parameters(document: Schema) -> Iterator[Schema]:
    """Iterate over the parameters of all operations."""
    for methods in document["paths"].values():
        for operation in methods.values():
            yield from operation.get("parameters", [])


def says_values(schema: Schema) -> bool:
    """Whether a schema shows its values: by an example, by an enum, or by a reference."""
    if "examples" in schema or "example" in schema or "enum" in schema or "const" in schema:
        return True
    inner = [schema.get("items", {}), *schema.get("anyOf", ()), *schema.get("allOf", ())]
    return "$ref" in schema or any(part and says_values(part) for part in inner)


def _exemplify(schema: Schema, *names: str) -> None:
    examples = [EXAMPLES[name] for name in names if name in EXAMPLES]
    if examples and not says_values(schema):
        schema["examples"] = examples[:1]


ASSETS = "/docs/assets"
_FILES = files("fastapi_offline") / "static"  # Swagger UI 5, which reads OpenAPI 3.1
router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def read_docs() -> HTMLResponse:
    """Serve Swagger UI over /openapi.json, all of it from our own origin."""
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
    """Return the page's Content-Security-Policy: our assets and its own inline script."""
    scripts = re.findall("<script>(.*?)</script>", page, re.DOTALL)
    hashes = (b64encode(sha256(script.encode()).digest()).decode() for script in scripts)
    own = " ".join(f"'sha256-{value}'" for value in hashes)
    return (
        f"default-src 'none'; script-src 'self' {own}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def add_reference(app: FastAPI) -> None:
    """Serve the reference page and its assets."""
    app.include_router(router)
    app.mount(ASSETS, StaticFiles(directory=str(_FILES)), name="docs-assets")
