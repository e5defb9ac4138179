# How test programs, fuzz replays and examples are built and run.

# Adds test `name`, with its labels, run in an empty directory of its own below the build tree.
function(holdfast_add_test name label timeout)
	set(directory ${PROJECT_BINARY_DIR}/run/${name})
	add_test(NAME ${name}
		COMMAND ${PROJECT_SOURCE_DIR}/cmake/in_empty_directory.sh ${directory} ${ARGN})
	set_tests_properties(${name} PROPERTIES LABELS "${label}" TIMEOUT ${timeout})
endfunction()

# Builds one program from one source file. In a release build less is optimised and said to
# debuggers than in the library: half of its time goes into tests.
function(holdfast_add_program name source)
	add_executable(${name} ${source})
	target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1> $<$<CONFIG:Release>:-g1>)
	target_compile_definitions(${name} PRIVATE HF_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
	target_link_libraries(${name} PRIVATE ${ARGN})
endfunction()

# Under a sanitizer and in preset release all tests are one program: linking 170 took a minute.
# Each test's name is a link to it, and it runs the test that it is called as:
# tests/lib/all_tests.h. A test's own file is not optimised, which halves its compilation; without
# that it cannot be fortified either.
function(holdfast_add_to_all_tests name source)
	set_property(SOURCE ${source} PROPERTY COMPILE_DEFINITIONS
		HF_TEST_NAME="${name}" HF_TEST_MAIN=${name}_main)
	set_property(SOURCE ${source} PROPERTY COMPILE_OPTIONS
		-include ${PROJECT_SOURCE_DIR}/tests/lib/all_tests.h -O0 -U_FORTIFY_SOURCE)
	add_custom_target(${name} DEPENDS all_tests)
	file(CREATE_LINK all_tests ${PROJECT_BINARY_DIR}/${name} SYMBOLIC)
endfunction()
