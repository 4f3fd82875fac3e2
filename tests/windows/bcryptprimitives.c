/* The one function of bcryptprimitives.dll that Rust's standard library imports. Windows has it; Wine 8 has
 * not. For the tests alone. */
#include <windows.h>

#include <ntsecapi.h>

BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T size) {
  while (size > 0) {
    ULONG part = size < 1 << 20 ? (ULONG)size : 1 << 20;
    if (!RtlGenRandom(bytes, part)) {
      return FALSE;
    }
    bytes += part;
    size -= part;
  }
  return TRUE;
}
