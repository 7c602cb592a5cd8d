"""A stand-in for Heroku: Platform API, token endpoint, dynos, and the customer with their add-ons.

Facts: Heroku's published schema and its partner documentation as of 2026.
"""
