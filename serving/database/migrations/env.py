"""Alembic's environment: runs the migrations on the connection that `serving.database.engine.open_database` passes."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
