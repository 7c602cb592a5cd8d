"""What can a tenant set up at New Relic so that it alarms when guv itself is silent?

guv holds no user key, so it prints what a person pastes there.
"""

from pydantic import BaseModel, Field

LONGEST_SILENCE_S = 300  # five heartbeats

_NRQL = "SELECT max(secondsLate) FROM GuvHeartbeat"  # in facets, a removed role would be silence
_NERDGRAPH = """mutation {{
  alertsNrqlConditionStaticCreate(accountId: {account}, policyId: "POLICY_ID", condition: {{
    name: "guv is silent",
    enabled: true,
    nrql: {{query: "{nrql}"}},
    signal: {{aggregationWindow: 60, aggregationMethod: EVENT_TIMER, aggregationTimer: 60}},
    terms: [{{threshold: {seconds}, thresholdDuration: 60, thresholdOccurrences: AT_LEAST_ONCE,
      operator: ABOVE, priority: CRITICAL}}],
    expiration: {{expirationDuration: {seconds}, openViolationOnExpiration: true,
      closeViolationsOnExpiration: false}},
    valueFunction: SINGLE_VALUE,
    violationTimeLimitSeconds: 86400
  }}) {{ id }}
}}"""


class Recipe(BaseModel):
    """A condition at New Relic that alarms when heartbeats stay away."""

    nrql: str = Field(description="Its query; loss of signal opens an incident")
    signal_lost_after: int = Field(description="Seconds without a heartbeat that mean silence")
    nerdgraph: str = Field(
        description="The same as a mutation for NerdGraph; put your policy's id for POLICY_ID"
    )


def silence_recipe(account_id: int) -> Recipe:
    """The condition for all roles whose heartbeats go to that account."""
    mutation = _NERDGRAPH.format(account=account_id, nrql=_NRQL, seconds=LONGEST_SILENCE_S)
    return Recipe(nrql=_NRQL, signal_lost_after=LONGEST_SILENCE_S, nerdgraph=mutation)
