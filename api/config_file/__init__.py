"""All of a tenant's settings as one file in guv's YAML."""
