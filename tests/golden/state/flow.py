import os
import time


def good(seed):
    print("a line")
    return seed + 1


def bad():
    if os.path.exists("slow"):
        time.sleep(60)
    raise ValueError("no such luck, née")


def after(other):
    return other
