"""One file a revision, never changed once it has been released."""
