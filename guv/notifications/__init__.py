"""Messages to notification targets and the clients that send them."""
