"""Heroku's add-on API: provisioning, plan changes, webhooks and log intake."""
