"""What a tenant sets: apps, brokers, roles, and settings at three levels."""
