"""Apps and their brokers: tables, queries and authorization."""
