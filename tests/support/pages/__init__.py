"""Pages, forms and addresses as a person, or a browser, meets them."""
