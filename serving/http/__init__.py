"""Request handling shared by the API and the pages: context, dependencies, audit middleware, problems, metrics."""
