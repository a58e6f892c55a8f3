"""MindFormers of a make-believe container: what its check prints, where MindSpore's goes well."""

import mindspore

__version__ = "1.5.0"


def run_check():
    mindspore.set_context(device_target="Ascend")
    mindspore.run_check()
    print("All checks passed, the environment is correctly set up!")
