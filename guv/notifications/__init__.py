"""Notifications: messages, queues, and the clients that send them."""
