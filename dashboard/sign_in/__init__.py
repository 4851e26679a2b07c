"""Who somebody is: accounts, passwords, second factors, single sign-on, sessions, and what pages demand of them."""
