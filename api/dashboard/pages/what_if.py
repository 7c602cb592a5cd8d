"""What-if replays of a role under edited settings and other policies."""

from dataclasses import dataclass
from typing import Any, get_args
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.datastructures import FormData

from api.dashboard.charts.time_ranges import SPANS, find_span
from api.dashboard.charts.what_if import what_if_figure, what_if_runs
from api.dashboard.dependencies import FormDep
from api.dashboard.forms.role import SubmittedSettings, read_settings_form
from api.dashboard.forms.role_fields import as_values
from api.dashboard.forms.validation import Refusal, refusal_of
from api.dashboard.pages.contexts import RoleContext, RoleContextDep
from api.dashboard.pages.settings import differing
from api.dashboard.renderer import PageRenderer, RendererDep, see_other
from api.dependencies import PartsDep, field
from api.paths import ReplayId
from guv.errors import Conflict, Invalid, NotFound
from guv.replays.queries import (
    MOST_VARIANTS,
    Asking,
    NamedReplay,
    ReplayFilter,
    ReplayWish,
    Variant,
    find_replay,
    list_replays,
    state_of,
)
from guv.replays.start import start_replay
from guv.scaling.policies import ANY, WEB
from guv.settings.field_models import NONE, PolicyName
from guv.settings.levels import etag_of
from guv.settings.resolve import effective_settings
from guv.settings.variants import OF_THE_PRESENT, REFUSED

EDITED, PRESENT = "edited settings", "present settings"
POLICIES = get_args(PolicyName)
LENGTHS = tuple(span for span in SPANS.values() if span.name in {"6h", "1d", "7d"})
USUAL = "1d"
SHOWN = 10  # earlier replays on the page
router = APIRouter(prefix="/dashboard/apps/{app}/roles/{role}/what-if")


@dataclass(frozen=True, slots=True)
class ListedReplay:
    """An earlier replay with its state."""

    named: NamedReplay
    state: str


@router.get("")
def show_what_ifs(renderer: RendererDep, context: RoleContextDep) -> HTMLResponse:
    """Show the form of a new replay, and earlier ones."""
    return _ask_page(renderer, context)


@router.post("")
def ask_what_if(
    form: FormDep, parts: PartsDep, renderer: RendererDep, context: RoleContextDep
) -> Response:
    """Queue a replay and redirect to its page."""
    access = context.access
    asking = Asking(
        access.tenant, context.app.name, context.role.name, access.edit.by, access.edit.at
    )
    try:
        wish = _replay_wish(context, form)
        path = context.path
        access.session.rollback()  # the replay is committed in a transaction of its own
        named = start_replay(parts.engine, parts.redis, asking, wish)
    except (Conflict, Invalid) as refused:
        return _ask_page(renderer, context, refusal_of(refused))
    return see_other(f"{path}/what-if/{named.row.id}")


@router.get("/{replay}")
def show_what_if(renderer: RendererDep, context: RoleContextDep, replay: ReplayId) -> HTMLResponse:
    """Show the progress of a replay, or its results."""
    named = _find_replay(context, replay)
    state, error = state_of(named.row, renderer.visitor.now)
    chain = context.chain()
    return renderer.render(
        "role_what_if.html",
        app=context.app,
        role=context.role,
        named=named,
        state=state,
        error=error,
        runs=what_if_runs(named.row, context.role, chain) if state == "done" else [],
        version=etag_of(context.role.id, chain),
    )


@router.get("/{replay}/chart")
def send_what_if_chart(
    renderer: RendererDep, context: RoleContextDep, replay: ReplayId
) -> JSONResponse:
    """Send the chart for the page's script."""
    named = _find_replay(context, replay)
    if named.row.result is None:
        raise NotFound("This replay has no chart yet.")
    drawn = what_if_figure(named.row.result, renderer.visitor.zone)
    return JSONResponse(drawn, headers={"Cache-Control": "no-store"})


def _find_replay(context: RoleContext, replay: UUID) -> NamedReplay:
    named = find_replay(context.access.session, context.access.tenant, replay)
    if named.row.role_id != context.role.id:
        raise NotFound(f"Couldn't find the replay {replay} of role {context.role.name!r}.")
    return named


def _ask_page(
    renderer: PageRenderer, context: RoleContext, refusal: Refusal | None = None
) -> HTMLResponse:
    access = context.access
    replays = list_replays(
        access.session, access.tenant, ReplayFilter(roles=[context.role.id]), SHOWN
    )
    now = renderer.visitor.now
    return renderer.render(
        "role_what_ifs.html",
        app=context.app,
        role=context.role,
        refusal=refusal,
        lengths=LENGTHS,
        usual=USUAL,
        policies=_policies(context),
        listed=[ListedReplay(replay, state_of(replay.row, now)[0]) for replay in replays],
    )


def _policies(context: RoleContext) -> list[str]:
    """Return the other policies that suit the role's signal."""
    effective = context.effective()
    fitting = WEB | ANY if effective.signal == "web" else frozenset(POLICIES) - WEB
    return [policy for policy in POLICIES if policy in fitting and policy != effective.policy]


def _replay_wish(context: RoleContext, form: FormData) -> ReplayWish:
    """Read the form of a replay.

    Raises:
        Invalid: Its settings are not valid, or it has too many policies.
    """
    span, until = find_span(field(form, "range") or USUAL, context.plan), context.access.edit.at
    edited = _edited(context, read_settings_form(form))
    variants = [Variant(PRESENT, {}), *([Variant(EDITED, edited)] if edited else [])]
    most = MOST_VARIANTS - len(variants)
    chosen = dict.fromkeys(str(name) for name in form.getlist("policies"))
    policies = [name for name in chosen if name in POLICIES]
    if len(policies) > most:
        raise Invalid(f"Choose at most {most} policies.")
    variants += [Variant(name, {"policy": name}) for name in policies]
    return ReplayWish(until - span.length, until, variants)


def _edited(context: RoleContext, sent: SubmittedSettings) -> dict[str, Any]:
    """Return the effective values that the edited settings change and a replay can use."""
    if not sent.touched:
        return {}
    values = as_values(sent.touched)
    judged = context.judge(values)
    before, after = context.effective(), effective_settings(context.role.name, judged.chain)
    return {
        name: _as_stored(getattr(after, name))
        for name in differing(before, after)
        if name not in REFUSED and name not in OF_THE_PRESENT
    }


def _as_stored(value: Any) -> Any:
    """Convert an effective value to one of a level."""
    return NONE if value is None else value
