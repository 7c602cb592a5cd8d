"""Request and response bodies of the tenant's API."""
