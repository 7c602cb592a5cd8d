"""Apps and brokers: tables, queries and authorization."""
