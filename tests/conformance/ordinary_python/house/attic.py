from .ground import level

HEIGHT = 2


class Attic:
    pass


def above():
    return level() + 1
