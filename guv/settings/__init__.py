"""Settings of a tenant: their schema, what holds for a role, and the use cases that change them."""
