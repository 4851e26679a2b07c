"""Files, tickets and spellings: what people bring from elsewhere."""
