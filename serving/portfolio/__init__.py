"""Tables over many loans: work list, board, calendar, group lights, migration; no format, no web."""
