"""Scaling of the roles of one YAML file without tenant, database and Redis, as a periodic job."""
