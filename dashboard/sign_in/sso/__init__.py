"""Single sign-on by OpenID Connect: one provider, configured from the environment."""
