# rk_rdkafka: librdkafka >= 2.10, the one scripts/setup built or else the machine's.
list(APPEND CMAKE_MODULE_PATH "${RK_DEPS_DIR}/librdkafka/lib/cmake/RdKafka") # its FindLZ4
find_package(RdKafka 2.10 CONFIG QUIET PATHS "${RK_DEPS_DIR}/librdkafka" NO_DEFAULT_PATH)
add_library(rk_rdkafka INTERFACE)
if(RdKafka_FOUND)
  target_link_libraries(rk_rdkafka INTERFACE RdKafka::rdkafka)
else()
  pkg_check_modules(rdkafka IMPORTED_TARGET rdkafka>=2.10)
  if(NOT rdkafka_FOUND)
    message(FATAL_ERROR "No librdkafka >= 2.10 in ${RK_DEPS_DIR} or on this machine: run scripts/setup "
                        "(or set RK_DEPS_DIR to where it put its results)")
  endif()
  target_link_libraries(rk_rdkafka INTERFACE PkgConfig::rdkafka)
endif()
