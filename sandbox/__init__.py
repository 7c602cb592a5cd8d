"""The outside world on one machine: Heroku, New Relic, a broker, a tenant's app, and servers."""
