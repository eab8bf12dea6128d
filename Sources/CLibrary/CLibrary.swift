// The C library under one name: only this file knows its name on each system.

#if canImport(Darwin)
  @_exported public import Darwin
#elseif canImport(Musl)
  @_exported @unsafe @preconcurrency public import Musl
#elseif canImport(Glibc)
  @_exported @unsafe @preconcurrency public import Glibc
#else
  #error("No C library is known for this system: import it here.")
#endif
