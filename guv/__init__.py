"""What more than one process needs, by subject; rows and queries beside each other."""
