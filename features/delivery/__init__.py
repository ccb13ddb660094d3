"""Delivered files as banks and offices write them: which table, which heading, which unit; read right or refused."""
