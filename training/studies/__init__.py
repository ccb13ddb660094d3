"""Studies run by hand: bars, stress scenarios, steadiness of reasons, the ceiling, generated documents."""
