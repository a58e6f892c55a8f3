"""MindSpore of a make-believe container: knows its version, and whether it can open a card. Computes nothing."""

import glob

__version__ = "2.6.0"
_target = "CPU"


def set_context(device_target="CPU", **_):
    global _target
    _target = device_target


def run_check():
    if _target == "Ascend":
        cards = sorted(glob.glob("/dev/davinci[0-9]*"))
        if not cards:
            raise RuntimeError("Call aclrtSetDevice failed, ret[507033]. No /dev/davinciN in this container.")
        with open(cards[0], "rb"):
            pass
    print("MindSpore version: ", __version__)
    print(
        "The result of multiplication calculation is correct, "
        f"MindSpore has been installed on platform [{_target}] successfully!"
    )
