"""Monthly monitoring: drift, calibration, label maturity, data quality and deliveries."""
