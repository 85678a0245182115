# backend_abi: a source with the build that rk-infer and the modules it opens must share.
set(abi "${PROJECT_VERSION} ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
set(headers "")
foreach(header lib/infer/backend.h lib/base/error.h lib/batch/tensor.h lib/batch/frame_format.h)
  file(READ "${CMAKE_SOURCE_DIR}/${header}" text)
  string(APPEND headers "${text}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${header}")
endforeach()
string(SHA256 sum "${headers}")
string(SUBSTRING "${sum}" 0 12 sum)
set(backend_abi "${CMAKE_BINARY_DIR}/backend_abi.cc")
file(CONFIGURE OUTPUT "${backend_abi}" CONTENT [[
extern "C" {
extern const char rk_backend_abi[];
const char rk_backend_abi[] = "@abi@ @sum@";
}
]] @ONLY)

# rk_backend(ROOM DEPENDENCY…): lib/ROOM's sources as rk_ROOM for its tests, and as the module
# librk-ROOM.so that rk-infer opens (lib/infer/backend.h says why it links no room of ours).
function(rk_backend room)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "lib/${room}/*.cc")
  add_library(rk_${room} OBJECT ${sources})
  set_target_properties(rk_${room} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(rk_${room} PUBLIC rk_base ${ARGN})
  add_library(rk-${room} MODULE "${backend_abi}")
  target_link_libraries(rk-${room} PRIVATE rk_${room})
  target_link_options(rk-${room} PRIVATE LINKER:-z,defs)
  set_target_properties(rk-${room} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib/rk"
                        INSTALL_RPATH "$ORIGIN/${room}")
  set_property(GLOBAL APPEND PROPERTY rk_backends ${room})
  add_dependencies(rk-infer rk-${room})
endfunction()
