"""Who somebody is, what the role lets them do, and which loans exist for them."""
