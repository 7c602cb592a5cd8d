"""What the API and the workers both know."""
