"""The pages: rendered on the server, in Chinese and English, without a script or an outside address."""
