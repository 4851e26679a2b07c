"""The repository itself: style, documents, translations, packages, what CI and the ASVS table name."""
