"""x"""


def cases():
    return []
