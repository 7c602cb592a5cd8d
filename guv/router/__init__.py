"""What do an app's log lines say of its web dynos? Frames, lines, and sums of ten seconds."""
