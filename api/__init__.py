"""The web process: Heroku's add-on API, the tenant's API and the dashboard."""
