"""Routes of Heroku's Partner API, version 3.

Credentials are checked before anything is looked up.
"""

from fastapi import APIRouter, Response

from api.addon import lifecycle
from api.addon.provisioning import provision
from api.addon.schemas import PlanAnswer, PlanRequest, ProvisionAnswer, ProvisionRequest
from api.dependencies import HerokuAuthDep, NowDep, PartsDep, SessionDep
from api.errors import error_answers
from api.paths import ResourceId

router = APIRouter(
    prefix="/heroku/resources",
    tags=["add-on"],
    dependencies=[HerokuAuthDep],
    responses=error_answers(401, 410, 422),
)


@router.post(
    "",
    response_model_exclude_none=True,
    responses={202: {"model": ProvisionAnswer, "description": "The config vars are set later"}},
)
def provision_resource(
    parts: PartsDep, now: NowDep, request: ProvisionRequest, response: Response
) -> ProvisionAnswer:
    """Provision a resource; the same uuid again gets the same answer."""
    answer = provision(parts, request, now)
    if answer.config is None:
        response.status_code = 202
    return answer


@router.put("/{resource}", responses=error_answers(404))
def change_plan(
    session: SessionDep, now: NowDep, resource: ResourceId, request: PlanRequest
) -> PlanAnswer:
    """Change a resource's plan; refused while current use exceeds it."""
    return PlanAnswer(message=lifecycle.change_plan(session, resource, request.plan, now))


@router.delete("/{resource}", status_code=204)
def deprovision_resource(
    parts: PartsDep, session: SessionDep, now: NowDep, resource: ResourceId
) -> None:
    """Deprovision a resource: scaling stops, tokens and keys are deleted, dynos stay."""
    lifecycle.deprovision(parts, session, resource, now)
