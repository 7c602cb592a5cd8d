"""guv's real processes while something around them fails."""
