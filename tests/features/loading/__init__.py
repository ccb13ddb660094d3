"""Loading an inbox: versions, quarantine, kills, full disks."""
