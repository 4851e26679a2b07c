"""The site around the phones: settings, URLs, middleware, logging, health."""
