# cmake --install: component rk, and a component rk-NAME for each backend. cmake/Package.cmake makes
# Debian packages of the same components.
get_property(tools GLOBAL PROPERTY rk_tools)
install(TARGETS ${tools} COMPONENT rk)
# All that is installed, without the tests.
get_property(backends GLOBAL PROPERTY rk_backends)
list(TRANSFORM backends PREPEND rk- OUTPUT_VARIABLE modules)
add_custom_target(rk DEPENDS ${tools} ${modules})

file(GLOB pages CONFIGURE_DEPENDS man/*.1)
install(FILES ${pages} DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT rk)
file(GLOB pages CONFIGURE_DEPENDS man/*.5)
install(FILES ${pages} DESTINATION "${CMAKE_INSTALL_MANDIR}/man5" COMPONENT rk)
file(GLOB pages CONFIGURE_DEPENDS man/*.7)
install(FILES ${pages} DESTINATION "${CMAKE_INSTALL_MANDIR}/man7" COMPONENT rk)

install(DIRECTORY examples DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT rk USE_SOURCE_PERMISSIONS
        PATTERN __pycache__ EXCLUDE PATTERN *.pt2 EXCLUDE PATTERN text.pt EXCLUDE)
install(FILES python/rk_worker.py DESTINATION "${CMAKE_INSTALL_DATADIR}/rk/python" COMPONENT rk)
# What the README leads to.
install(FILES README.md README.zh-CN.md CHANGELOG.md CONTRIBUTING.md LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}"
        COMPONENT rk)
install(DIRECTORY docs deploy DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT rk USE_SOURCE_PERMISSIONS)
install(DIRECTORY python/rk_ray DESTINATION "${CMAKE_INSTALL_DOCDIR}/python" COMPONENT rk
        PATTERN tests EXCLUDE PATTERN __pycache__ EXCLUDE PATTERN build EXCLUDE PATTERN *.egg-info EXCLUDE PATTERN .* EXCLUDE)
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

# A backend's module, and in a folder of its name beside it the libraries that it needs and this system
# does not have. They find each other there.
set(module_dir "${CMAKE_INSTALL_LIBDIR}/rk")
foreach(backend IN LISTS backends)
  install(TARGETS rk-${backend} RUNTIME_DEPENDENCY_SET ${backend}_libraries
          LIBRARY DESTINATION "${module_dir}" COMPONENT rk-${backend})
  if(backend STREQUAL torch AND RK_TORCH_CUDA) # it stays where it is: it opens more than it is linked with
    set_target_properties(rk-torch PROPERTIES INSTALL_RPATH "${RK_TORCH_LIBRARY_DIR}")
    continue()
  endif()
  install(RUNTIME_DEPENDENCY_SET ${backend}_libraries COMPONENT rk-${backend}
          PRE_EXCLUDE_REGEXES "^ld-linux" POST_EXCLUDE_REGEXES "^/(usr/)?lib(64)?/"
          LIBRARY DESTINATION "${module_dir}/${backend}")
  install(CODE "
    file(GLOB libraries \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${module_dir}/${backend}/*.so*\")
    foreach(library IN LISTS libraries)
      unset(rpath)
      unset(runpath)
      file(READ_ELF \"\${library}\" RPATH rpath RUNPATH runpath)
      if(rpath OR runpath)
        file(RPATH_SET FILE \"\${library}\" NEW_RPATH \"\\$ORIGIN\")
      endif()
    endforeach()" COMPONENT rk-${backend})
endforeach()
if(RK_TOKENS_FOLDER)
  install(FILES "${RK_TOKENS_FOLDER}/librk-tokens.so" DESTINATION "${module_dir}" COMPONENT rk-tokens)
endif()
if(TARGET rk_torch_name)
  install(TARGETS rk_torch_name LIBRARY DESTINATION "${module_dir}/torch" COMPONENT rk-torch)
endif()
