"""Networks of other libraries: the weights of their layers, and a module of PyTorch."""
