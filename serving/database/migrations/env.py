"""Where alembic meets the open connection; it is run by `serving.database.opened` alone."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
