"""Tenants: tables, queries, plans, API keys and what is pending at Heroku."""
