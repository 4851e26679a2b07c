"""Files as tables of text cells. Pure: no database, no network."""
