"""A broker in memory with RabbitMQ's management API, for machines without RabbitMQ."""
