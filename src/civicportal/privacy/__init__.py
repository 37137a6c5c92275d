"""What a person decides about their own data: what they are told, who looked, taking it away, leaving."""
