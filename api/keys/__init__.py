"""The keys with which a tenant reaches the API."""
