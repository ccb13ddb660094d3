"""The revisions, one file each. What a released revision does never changes."""
