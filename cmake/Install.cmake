# cmake --install: component rk, and a component rk-NAME for each backend. cmake/Package.cmake makes
# Debian packages of the same components.
get_property(tools GLOBAL PROPERTY rk_tools)
install(TARGETS ${tools} COMPONENT rk)
# All that is installed, without the tests.
add_custom_target(rk DEPENDS ${tools})

file(GLOB pages CONFIGURE_DEPENDS man/*.1)
install(FILES ${pages} DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT rk)
file(GLOB pages CONFIGURE_DEPENDS man/*.5)
install(FILES ${pages} DESTINATION "${CMAKE_INSTALL_MANDIR}/man5" COMPONENT rk)

install(DIRECTORY examples DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT rk USE_SOURCE_PERMISSIONS
        PATTERN __pycache__ EXCLUDE PATTERN *.pt2 EXCLUDE PATTERN text.pt EXCLUDE)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT rk)
install(FILES packaging/rk@.service DESTINATION lib/systemd/system COMPONENT rk)

# Each tool says itself what it completes.
set(bash_completions "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
set(zsh_completions "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
foreach(tool IN LISTS tools)
  install(CODE "
    foreach(shell bash zsh)
      execute_process(COMMAND \"$<TARGET_FILE:${tool}>\" --completion \${shell}
                      OUTPUT_FILE \"${CMAKE_BINARY_DIR}/${tool}.\${shell}\" COMMAND_ERROR_IS_FATAL ANY)
    endforeach()" COMPONENT rk)
  install(FILES "${CMAKE_BINARY_DIR}/${tool}.bash" DESTINATION "${bash_completions}" RENAME "${tool}" COMPONENT rk)
  install(FILES "${CMAKE_BINARY_DIR}/${tool}.zsh" DESTINATION "${zsh_completions}" RENAME "_${tool}" COMPONENT rk)
endforeach()
