"""The HTML pages, rendered on the server in Chinese and English, without scripts or content from other hosts."""
