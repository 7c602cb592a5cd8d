"""Every table, imported for its metadata: migrations and foreign keys need all of them.

Secrets are in `*_sealed` columns only (`guv.crypto.Sealer`), API keys only as a hash. Every row
that belongs to a tenant says so in `tenant_id`.
"""

import guv.apps.models
import guv.history.models
import guv.incidents.models
import guv.maintenance
import guv.replays.models
import guv.roles.models
import guv.settings.models
import guv.tenants.models
import guv.web_metrics.models

__all__ = ["guv"]
