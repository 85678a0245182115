# rk_rdkafka: the librdkafka that scripts/setup built. The machine's own would lack its patch.
list(APPEND CMAKE_MODULE_PATH "${RK_DEPS_DIR}/librdkafka/lib/cmake/RdKafka") # its FindLZ4
find_package(RdKafka 2.10 CONFIG QUIET PATHS "${RK_DEPS_DIR}/librdkafka" NO_DEFAULT_PATH)
if(NOT RdKafka_FOUND)
  message(FATAL_ERROR "No librdkafka in ${RK_DEPS_DIR}: run scripts/setup "
                      "(or set RK_DEPS_DIR to where it put its results)")
endif()
add_library(rk_rdkafka INTERFACE)
target_link_libraries(rk_rdkafka INTERFACE RdKafka::rdkafka)
