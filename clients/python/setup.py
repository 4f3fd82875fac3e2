"""Names the platform of a wheel that has the C library inside; build-wheel says which it is."""

import os

from setuptools import Distribution, setup
from wheel.bdist_wheel import bdist_wheel

PLATFORM = os.environ.get("NYMI_WHEEL_PLATFORM")


class Wheel(bdist_wheel):
    """Any Python 3, since the library is called by ctypes."""

    def get_tag(self):
        return ("py3", "none", PLATFORM) if PLATFORM else super().get_tag()


class WithLibrary(Distribution):
    """Goes where files for one platform go."""

    def has_ext_modules(self):
        return PLATFORM is not None


setup(cmdclass={"bdist_wheel": Wheel}, distclass=WithLibrary)
