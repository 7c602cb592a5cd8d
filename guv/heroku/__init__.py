"""Heroku: clients, credentials, OAuth, provisioning options and dyno sizes."""
