# Writes OUTPUT, the function that returns VERSION and the commit that is checked out in SOURCE.
set(commit "")
if(EXISTS "${SOURCE}/.git") # and not of a repository around an unpacked archive
  execute_process(COMMAND git -c safe.directory=* rev-parse --short HEAD WORKING_DIRECTORY "${SOURCE}"
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(commit)
  string(APPEND VERSION " (${commit})")
endif()
file(WRITE "${OUTPUT}" "#include \"lib/stage/version.h\"

std::string rk::Version() { return \"${VERSION}\"; }
")
