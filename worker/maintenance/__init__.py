"""guv's own upkeep: partitions, rollups, provisioning, log deliveries."""
