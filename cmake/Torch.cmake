# rk_libtorch: the LibTorch that scripts/setup found or fetched. Linked by hand, since LibTorch's own
# CMake files want a CUDA toolkit wherever it was built for CUDA.
include("${RK_DEPS_DIR}/libtorch.cmake" OPTIONAL RESULT_VARIABLE torch_answer)
if(NOT torch_answer OR NOT EXISTS "${RK_TORCH_LIBRARY_DIR}/libtorch_cpu.so")
  message(FATAL_ERROR "No LibTorch in ${RK_DEPS_DIR}: run scripts/setup "
                      "(or set RK_DEPS_DIR to where it put its results)")
endif()
message(STATUS "LibTorch ${RK_TORCH_VERSION} in ${RK_TORCH_LIBRARY_DIR}, CUDA ${RK_TORCH_CUDA}")

# LibTorch ships headers of other libraries beside its own, of other versions than the machine's
# that the rest of rk is compiled against (fmt above all): a view of its headers without these.
set(torch_headers "${CMAKE_BINARY_DIR}/torch-include")
file(REMOVE_RECURSE "${torch_headers}")
file(MAKE_DIRECTORY "${torch_headers}")
file(GLOB entries RELATIVE "${RK_TORCH_INCLUDE_DIR}" "${RK_TORCH_INCLUDE_DIR}/*")
list(REMOVE_ITEM entries fmt google pybind11)
foreach(entry IN LISTS entries)
  file(CREATE_LINK "${RK_TORCH_INCLUDE_DIR}/${entry}" "${torch_headers}/${entry}" SYMBOLIC)
endforeach()

add_library(rk_libtorch INTERFACE)
target_include_directories(rk_libtorch SYSTEM INTERFACE
                           "${torch_headers}" "${torch_headers}/torch/csrc/api/include")
# A CPU-only selection of a CUDA build refers to symbols that are never called. And every library
# here must be loaded even if nothing refers to it: for what it registers, or for its name.
target_link_options(rk_libtorch INTERFACE LINKER:--allow-shlib-undefined LINKER:--no-as-needed)
target_link_libraries(rk_libtorch INTERFACE "${RK_TORCH_LIBRARY_DIR}/libtorch_cpu.so"
                      "${RK_TORCH_LIBRARY_DIR}/libc10.so")
if(RK_TORCH_CUDA)
  target_link_libraries(rk_libtorch INTERFACE "${RK_TORCH_LIBRARY_DIR}/libtorch.so"
                        "${RK_TORCH_LIBRARY_DIR}/libtorch_cuda.so" "${RK_TORCH_LIBRARY_DIR}/libc10_cuda.so")
else()
  # The shared object inside a .pt2 needs a library of the name libtorch.so. LibTorch's own would
  # load CUDA, and one of the distribution's would be another version: an empty one of that name.
  file(CONFIGURE OUTPUT torch_name.cc CONTENT "")
  add_library(rk_torch_name SHARED "${CMAKE_CURRENT_BINARY_DIR}/torch_name.cc")
  set_target_properties(rk_torch_name PROPERTIES OUTPUT_NAME torch
                        LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib/rk")
  target_link_libraries(rk_libtorch INTERFACE rk_torch_name)
endif()
