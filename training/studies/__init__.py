"""Studies that are run by hand: bars, stress scenarios, steadiness of reasons, generated documents."""
