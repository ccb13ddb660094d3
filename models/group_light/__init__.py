"""The lights of groups of loans (county, township, village, bank, product) and their common-cause signal."""
