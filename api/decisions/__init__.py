"""What a tenant reads: decisions and incidents."""
