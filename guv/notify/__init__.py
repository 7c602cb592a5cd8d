"""How a tenant hears of incidents and decisions: New Relic, and a signed webhook."""
