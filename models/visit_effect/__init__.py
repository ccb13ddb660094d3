"""Whether visits help: outcomes by light and visit, loans on both sides of the yellow threshold, drawn visits."""
