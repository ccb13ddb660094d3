"""Concurrent requests: calls coalesced into batches, and values computed once."""
