"""How are the roles of one YAML file scaled without tenant, database and Redis? As a periodic job.

Read the file and what was seen before, tick every role, keep what was seen, and say what was done.
"""
