"""The tenant's API, version 1: one module a resource."""
