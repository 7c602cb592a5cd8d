"""A tenant's settings: what may be said (`values`), and what holds for a role (`effective`)."""
