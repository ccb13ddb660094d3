"""Uploads: files that a clerk's page takes in, looked at before they are loaded."""
