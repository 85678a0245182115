# version.cc: what lib/stage/version.h declares, for rk_stage. The commit is in this file alone, which is
# written again when HEAD moves: a commit compiles one small file anew, and no more.
set(version_cc "${CMAKE_BINARY_DIR}/version.cc")
execute_process(COMMAND git -c safe.directory=* rev-parse --path-format=absolute --git-path logs/HEAD
                WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}" OUTPUT_VARIABLE head_log
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE git_failed)
if(git_failed OR NOT EXISTS "${CMAKE_SOURCE_DIR}/.git" OR NOT EXISTS "${head_log}")
  set(head_log "")
endif()
add_custom_command(OUTPUT "${version_cc}"
                   COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${CMAKE_SOURCE_DIR}" "-DVERSION=${PROJECT_VERSION}"
                           "-DOUTPUT=${version_cc}" -P "${CMAKE_SOURCE_DIR}/cmake/WriteVersion.cmake"
                   DEPENDS ${head_log} "${CMAKE_SOURCE_DIR}/cmake/WriteVersion.cmake"
                           "${CMAKE_SOURCE_DIR}/CMakeLists.txt" # its VERSION
                   COMMENT "Writing the version" VERBATIM)
