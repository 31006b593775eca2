// Leaks of Debian's libraries that the address sanitizer would report at the end of every test. The
// .cc that calls such a library includes this; programs without the sanitizer are not changed.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
extern "C" const char* __lsan_default_suppressions();
extern "C" __attribute__((used)) inline const char* __lsan_default_suppressions() {
  return "leak:libpqxx-6\n"     // the last result of a connection that breaks
         "leak:libcares.so\n";  // names resolved for gRPC
}
#endif
