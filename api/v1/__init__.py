"""The tenant's API, one module a resource."""
