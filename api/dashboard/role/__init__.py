"""One role: how it fares, why guv did what it did, and what its settings could do."""
