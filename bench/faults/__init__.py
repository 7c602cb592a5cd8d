"""What does guv do while something around it fails? Its real processes, and real services."""
