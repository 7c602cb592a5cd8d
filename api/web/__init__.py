"""What a tenant tells guv of its web dynos, and what guv knows of them."""
