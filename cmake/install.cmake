# `cmake --install`: headers, both libraries, the pkg-config file.
install(TARGETS holdfast_static holdfast_shared)
install(FILES ${public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/holdfast)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The prefix is told relative to the file, so that the installed tree can be moved (and `cmake
# --install --prefix` works).
file(RELATIVE_PATH HOLDFAST_PC_TO_PREFIX
	${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" HOLDFAST_PC_TO_PREFIX "${HOLDFAST_PC_TO_PREFIX}")
configure_file(${PROJECT_SOURCE_DIR}/holdfast.pc.in ${PROJECT_BINARY_DIR}/holdfast.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/holdfast.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
