# The only ways to add a target. Includes are written from the root of the repository.

# chat_library(name SOURCES … [DEPS …] [SYSTEM …]): target chat_<name>. DEPS are our own libraries by
# short name, SYSTEM are imported targets. Both are public: what a header includes must be linked.
function(chat_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;SYSTEM" ${ARGN})
  add_library(chat_${name} STATIC ${ARG_SOURCES})
  target_include_directories(chat_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  list(TRANSFORM ARG_DEPS PREPEND chat_)
  target_link_libraries(chat_${name} PUBLIC ${ARG_DEPS} ${ARG_SYSTEM})
endfunction()

# chat_binary(name SOURCES … [DEPS …] [SYSTEM …]): executable bin/<name>.
function(chat_binary name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;SYSTEM" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  list(TRANSFORM ARG_DEPS PREPEND chat_)
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} ${ARG_SYSTEM})
endfunction()

# chat_test(name SOURCES … [DEPS …] [LABELS …]): a GoogleTest binary, one ctest entry. Sources find
# data by the environment variable CHAT_SOURCE_DIR. LABELS postgres / redis: started by tests/run,
# addresses in CHAT_TEST_PG and CHAT_TEST_REDIS.
function(chat_test name)
  if(CHAT_FUZZ)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;SYSTEM;LABELS" ${ARGN})
  chat_binary(${name} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS} SYSTEM ${ARG_SYSTEM} GTest::gmock
              GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "unit;${ARG_LABELS}" TIMEOUT 300
                       ENVIRONMENT "CHAT_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
  # They share a server, and what one holds open another sees: a transaction stops the stable horizon.
  if("postgres" IN_LIST ARG_LABELS)
    set_tests_properties(${name} PROPERTIES RESOURCE_LOCK test_postgres)
  endif()
endfunction()

# chat_fuzz(name SOURCES … DEPS …): a libFuzzer target, built by the preset `fuzz` only.
function(chat_fuzz name)
  if(NOT CHAT_FUZZ)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  chat_binary(${name} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endfunction()
