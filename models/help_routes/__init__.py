"""Routes of help for one loan: insurance claims, more time, instalments, compensation, and their last days."""
