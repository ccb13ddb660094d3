"""What is watched month by month: drift, calibration, labels, data quality, deliveries."""
