"""A header with which a C program finds the library's functions by LoadLibrary and GetProcAddress.

    loaded.py nymi-ffi/exports.txt > loaded.h
    x86_64-w64-mingw32-gcc-posix -include loaded.h program.c

The program's own text stays as it is: each function's name stands for a pointer.
"""

import sys

names = open(sys.argv[1], encoding="ascii").read().split()
print('#include <stdio.h>\n#include <stdlib.h>\n#include <windows.h>\n\n#include "nymi_api.h"\n')
for name in names:
    print(f"static __typeof__(&{name}) loaded_{name} __attribute__((unused));")
print('\n__attribute__((constructor)) static void load_all(void) {')
print('  HMODULE library = LoadLibraryA("nymi_api.dll");')
for name in names:
    print(f'  loaded_{name} = (__typeof__(&{name}))(void (*)(void))GetProcAddress(library, "{name}");')
print("  if (library == NULL || " + " || ".join(f"loaded_{name} == NULL" for name in names) + ") {")
print('    fprintf(stderr, "nymi_api.dll, or a function in it, is not found\\n");\n    exit(1);\n  }\n}\n')
for name in names:
    print(f"#define {name} (*loaded_{name})")
