"""The site: settings, headers, logging, health."""
