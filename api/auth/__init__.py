"""Authentication: API keys, single sign-on and login sessions."""
