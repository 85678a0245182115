# CPack runs this between installing the components and packing them (CPACK_PRE_BUILD_SCRIPTS).
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  execute_process(COMMAND "${CMAKE_CURRENT_LIST_DIR}/finish" "${component}"
                          "${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}" "${CPACK_PACKAGE_CONTACT}"
                          "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${component}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
