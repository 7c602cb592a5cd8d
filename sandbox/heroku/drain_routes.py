"""Heroku's log drains and its own autoscaling, as far as an add-on asks for them."""

from uuid import uuid4

from fastapi import APIRouter

from sandbox.heroku import errors
from sandbox.heroku.model import App, LogDrain
from sandbox.heroku.routes import CountedCaller, HerokuRoute, JsonBody, KnownCaller
from sandbox.heroku.wire import Json, drain_json

router = APIRouter(route_class=HerokuRoute)


@router.get("/apps/{identity}/log-drains")
def list_drains(identity: str, caller: CountedCaller) -> list[Json]:
    """List the app's log drains."""
    app = caller.app(identity)
    return [drain_json(app, drain) for drain in app.drains]


@router.post("/apps/{identity}/log-drains", status_code=201)
def add_drain(identity: str, body: JsonBody, caller: CountedCaller) -> Json:
    """Add a log drain."""
    app, url = caller.app(identity), body.get("url")
    if app.generation == "fir":
        raise errors.invalid("Log drains are not supported for apps of the Fir generation.")
    if not isinstance(url, str) or not url.startswith(("http://", "https://", "syslog://")):
        raise errors.invalid("Url is invalid")
    drain = LogDrain(uuid4(), url, f"d.{uuid4()}", caller.heroku.clock())
    with caller.heroku.lock:
        app.drains.append(drain)
    return drain_json(app, drain)


@router.delete("/apps/{identity}/log-drains/{drain}")
def remove_drain(identity: str, drain: str, caller: CountedCaller) -> Json:
    """Remove the drain and return it."""
    app = caller.app(identity)
    return drain_json(app, _removed(caller, app, drain))


@router.get("/apps/{identity}/formation/{type_}/monitors")
def list_monitors(identity: str, type_: str, caller: KnownCaller) -> list[Json]:
    """List Heroku's alerts on a process type, on the host of its metrics."""
    app = caller.app(identity)
    is_scaled = type_ in app.autoscaled
    scale = {"action_type": "scale", "name": "LATENCY_SCALE", "is_active": is_scaled, "value": 500}
    alert = {"action_type": "alert", "name": "ERROR_RATE", "is_active": True, "value": 0.05}
    return [alert, scale] if is_scaled or type_ == "web" else [alert]


def _removed(caller: CountedCaller, app: App, identity: str) -> LogDrain:
    with caller.heroku.lock:
        for drain in app.drains:
            if identity in {str(drain.id), drain.url, drain.token}:
                app.drains.remove(drain)
                return drain
    raise errors.missing("log drain")
