class PlasterURL:
    path: str

class ILoader: ...
