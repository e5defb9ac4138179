# How test programs, fuzz replays and examples are built and run.

# Adds test `name`, labelled, run in an empty directory of its own below the build tree.
function(holdfast_add_test name label timeout)
	set(directory ${PROJECT_BINARY_DIR}/run/${name})
	add_test(NAME ${name}
		COMMAND ${PROJECT_SOURCE_DIR}/cmake/in_empty_directory.sh ${directory} ${ARGN})
	set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout})
endfunction()

# Builds one program from one source file.
function(holdfast_add_program name source)
	add_executable(${name} ${source})
	target_compile_definitions(${name} PRIVATE HF_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
	target_link_libraries(${name} PRIVATE ${ARGN})
endfunction()
