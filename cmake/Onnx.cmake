# rk_onnxruntime: the ONNX Runtime that scripts/setup found or fetched, with the header that is in
# third_party.
include("${RK_DEPS_DIR}/onnxruntime.cmake" OPTIONAL RESULT_VARIABLE onnx_answer)
if(NOT onnx_answer OR NOT EXISTS "${RK_ONNX_LIBRARY}")
  message(FATAL_ERROR "No ONNX Runtime in ${RK_DEPS_DIR}: run scripts/setup "
                      "(or set RK_DEPS_DIR to where it put its results)")
endif()
message(STATUS "ONNX Runtime ${RK_ONNX_VERSION}: ${RK_ONNX_LIBRARY}")

# A wheel has the library under its full name only, and it is looked for by the name it has for
# itself: a folder with both. What it opens itself, for a GPU, it looks for beside it.
set(onnx_folder "${CMAKE_BINARY_DIR}/onnxruntime")
file(REMOVE_RECURSE "${onnx_folder}")
file(MAKE_DIRECTORY "${onnx_folder}")
cmake_path(GET RK_ONNX_LIBRARY PARENT_PATH onnx_origin)
file(GLOB libraries "${onnx_origin}/libonnxruntime*.so*")
foreach(library IN LISTS libraries)
  cmake_path(GET library FILENAME name)
  file(CREATE_LINK "${library}" "${onnx_folder}/${name}" SYMBOLIC)
endforeach()
execute_process(COMMAND "${CMAKE_READELF}" -d "${RK_ONNX_LIBRARY}" OUTPUT_VARIABLE dynamic
                COMMAND_ERROR_IS_FATAL ANY)
if(NOT dynamic MATCHES "SONAME[^[]*\\[([^]]*)\\]")
  message(FATAL_ERROR "${RK_ONNX_LIBRARY} has no name of its own")
endif()
file(CREATE_LINK "${RK_ONNX_LIBRARY}" "${onnx_folder}/${CMAKE_MATCH_1}" SYMBOLIC)

add_library(rk_onnxruntime INTERFACE)
target_include_directories(rk_onnxruntime SYSTEM INTERFACE "${CMAKE_SOURCE_DIR}/third_party/onnxruntime")
target_link_libraries(rk_onnxruntime INTERFACE "${onnx_folder}/${CMAKE_MATCH_1}")
