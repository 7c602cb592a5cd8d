"""Who is calling: API keys, single sign-on, login sessions."""
