# The model test: plain Python models of all domains against the library, driven by hypothesis. It
# uses the engine's own objects, not the testing ones, and needs internals in reach for its clock:
# so it is a library of its own.
add_library(holdfast_model SHARED
	${PROJECT_SOURCE_DIR}/tests/model/clock.c ${PROJECT_SOURCE_DIR}/tests/model/serve.c
	$<TARGET_OBJECTS:holdfast_objects>)
target_include_directories(holdfast_model PRIVATE
	${PROJECT_SOURCE_DIR}/engine ${PROJECT_SOURCE_DIR}/engine/include)
target_link_libraries(holdfast_model PRIVATE
	holdfast_tools PkgConfig::XXHASH PkgConfig::ZSTD Threads::Threads m)
file(GLOB model_checks CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/model/check_*.sh)
foreach(check ${model_checks})
	get_filename_component(name ${check} NAME_WE)
	string(REPLACE check_ "" name ${name})
	holdfast_add_test(${name} medium ${timeout_medium}
		${check} ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
	set_tests_properties(${name} PROPERTIES COST 500)
endforeach()
