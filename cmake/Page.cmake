# page.cc: what lib/run/page.h declares, for rk_run.
set(page_cc "${CMAKE_BINARY_DIR}/page.cc")
add_custom_command(OUTPUT "${page_cc}"
                   COMMAND "${CMAKE_COMMAND}" "-DPAGE=${CMAKE_SOURCE_DIR}/lib/run/page.html" "-DOUTPUT=${page_cc}"
                           -P "${CMAKE_SOURCE_DIR}/cmake/WritePage.cmake"
                   DEPENDS "${CMAKE_SOURCE_DIR}/lib/run/page.html" "${CMAKE_SOURCE_DIR}/cmake/WritePage.cmake"
                   COMMENT "Writing the page" VERBATIM)
