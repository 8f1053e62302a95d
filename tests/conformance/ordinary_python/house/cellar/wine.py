year = 1982
