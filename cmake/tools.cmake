# The command line tool: everything in tools/ but main.c is a library, so that tests reach it too.
# It is compiled against the public headers only and carries no engine: who links it brings one.
# JSON, and with it yajl, occurs in no other part that is installed.
pkg_check_modules(YAJL REQUIRED IMPORTED_TARGET yajl)

file(GLOB_RECURSE tool_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tools/*.c)
list(REMOVE_ITEM tool_sources ${PROJECT_SOURCE_DIR}/tools/cli/main.c)
add_library(holdfast_tools STATIC ${tool_sources})
target_compile_definitions(holdfast_tools PRIVATE HOLDFAST_VERSION="${PROJECT_VERSION}")
# Rows of options and commands leave out what they do not need.
target_compile_options(holdfast_tools PRIVATE -Wno-missing-field-initializers)
target_include_directories(holdfast_tools PUBLIC
	${PROJECT_SOURCE_DIR}/tools ${PROJECT_SOURCE_DIR}/engine/include)
target_link_libraries(holdfast_tools PUBLIC PkgConfig::YAJL Threads::Threads)

# What `top` draws with. Where it is missing, the command is there and says so; without a screen it
# needs none.
option(HOLDFAST_TOP "Build the screen of `holdfast top`, if ncurses is there" ON)
if(HOLDFAST_TOP)
	pkg_check_modules(NCURSESW IMPORTED_TARGET ncursesw)
endif()
if(NCURSESW_FOUND)
	target_compile_definitions(holdfast_tools PRIVATE HOLDFAST_TOP)
	target_link_libraries(holdfast_tools PUBLIC PkgConfig::NCURSESW)
endif()

# What `ui` serves its pages with; likewise. The pages are files that the assembler takes in.
option(HOLDFAST_UI "Build the server of `holdfast ui`, if libmicrohttpd is there" ON)
set(ui_pages ${PROJECT_SOURCE_DIR}/tools/ui/pages)
file(GLOB ui_files CONFIGURE_DEPENDS ${ui_pages}/*)
set_source_files_properties(${PROJECT_SOURCE_DIR}/tools/ui/assets.c PROPERTIES
	COMPILE_DEFINITIONS "UI_PAGES=\"${ui_pages}\"" OBJECT_DEPENDS "${ui_files}")
if(HOLDFAST_UI)
	pkg_check_modules(MICROHTTPD IMPORTED_TARGET libmicrohttpd)
endif()
if(MICROHTTPD_FOUND)
	target_compile_definitions(holdfast_tools PRIVATE HOLDFAST_UI)
	target_link_libraries(holdfast_tools PUBLIC PkgConfig::MICROHTTPD)
endif()

add_executable(holdfast ${PROJECT_SOURCE_DIR}/tools/cli/main.c)
target_link_libraries(holdfast PRIVATE holdfast_tools holdfast::holdfast m)
set_target_properties(holdfast PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
if(NOT HOLDFAST_ONE_ENGINE)
	install(TARGETS holdfast RUNTIME)
endif()
