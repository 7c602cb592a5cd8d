"""Clients of RabbitMQ's management API."""
