# Tests, fuzz targets and examples, found by glob.
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

file(GLOB_RECURSE test_library_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/lib/*.c)
list(REMOVE_ITEM test_library_sources
	${PROJECT_SOURCE_DIR}/tests/lib/all_tests.c ${PROJECT_SOURCE_DIR}/tests/lib/one_thread.c)
if(test_library_sources)
	add_library(holdfast_testlib STATIC ${test_library_sources})
	target_compile_definitions(holdfast_testlib PRIVATE HF_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
	set(usage PUBLIC)
else()
	add_library(holdfast_testlib INTERFACE)
	set(usage INTERFACE)
endif()
target_include_directories(holdfast_testlib ${usage} ${PROJECT_SOURCE_DIR}/tests)
if(test_library_sources)
	target_compile_options(holdfast_testlib PRIVATE $<$<CONFIG:Release>:-g1>)
endif()
target_link_libraries(holdfast_testlib ${usage} holdfast_tools holdfast_testing PkgConfig::CMOCKA)
# Under a sanitizer tests run the tool's main() in a child of their own: see tests/lib/tools/tool.c.
if(HOLDFAST_SANITIZE)
	add_library(holdfast_tool_main OBJECT ${PROJECT_SOURCE_DIR}/tools/cli/main.c)
	target_compile_definitions(holdfast_tool_main PRIVATE main=holdfast_main)
	target_compile_options(holdfast_tool_main PRIVATE -Wno-missing-prototypes)
	target_link_libraries(holdfast_tool_main PRIVATE holdfast_tools)
	target_compile_definitions(holdfast_testlib PRIVATE HF_TOOL_MAIN)
	target_sources(holdfast_testlib PRIVATE $<TARGET_OBJECTS:holdfast_tool_main>)
endif()
# Where the tool lies, for tests that run it.
target_compile_definitions(holdfast_testlib ${usage} HF_TOOL="${PROJECT_BINARY_DIR}/holdfast")

# Seconds until a test counts as hung; a sanitizer slows it several times.
set(timeout_fast 120)
set(timeout_medium 900)
set(timeout_long 7200)
if(HOLDFAST_ONE_ENGINE)
	set(timeout_fast 300)
	set(timeout_medium 1800)
endif()

# The tier of a test stands in its first lines: `tier: fast`, `tier: medium` or `tier: long`, and
# behind it what else it is. Sets `tier` and `also`.
# - `fast, threads`: threads run in it. That is what TSan runs, which finds nothing elsewhere.
# - `medium, long`: it is in the long tier, too, larger there, where it is given HF_LONG.
function(holdfast_tier source)
	file(STRINGS ${source} line LIMIT_COUNT 1 REGEX "tier: (fast|medium|long)")
	if(NOT line)
		message(FATAL_ERROR "${source} does not say its tier in its first lines")
	endif()
	string(REGEX MATCH "tier: ([a-z]+)(, ([a-z]+))?" line "${line}")
	set(tier "${CMAKE_MATCH_1}" PARENT_SCOPE)
	set(also "${CMAKE_MATCH_3}" PARENT_SCOPE)
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
endfunction()

# A test that does not say `threads` must not start any: under the sanitizers but TSan it is aborted
# if it does (tests/lib/one_thread.c).
function(holdfast_threads name source also)
	file(STRINGS ${source} starts LIMIT_COUNT 1 REGEX "pthread_create|hf__thread_start")
	if(also STREQUAL threads)
		set_property(TEST ${name} APPEND PROPERTY LABELS threads)
	elseif(starts)
		message(FATAL_ERROR "${source} starts threads and does not say so behind its tier")
	else()
		set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT HF_ONE_THREAD=1)
	endif()
endfunction()

# Tests that read sources: once is enough, so not again under each sanitizer.
file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/test_*.c)
if(HOLDFAST_ONE_ENGINE)
	list(FILTER sources EXCLUDE REGEX "/tests/style/")
endif()
set(together ${HOLDFAST_TESTS_TOGETHER})
if(HOLDFAST_SANITIZE AND NOT HOLDFAST_FUZZ)
	set(together ON)
endif()
foreach(source ${sources})
	get_filename_component(name ${source} NAME_WE)
	holdfast_tier(${source})
	if(HOLDFAST_THREADS_ONLY AND NOT also STREQUAL threads)
		continue()
	endif()
	if(together AND NOT source MATCHES "/tests/toy/") # which has a table of domains of its own
		holdfast_add_to_all_tests(${name} ${source})
		list(APPEND all_sources ${source})
	else()
		holdfast_add_program(${name} ${source} holdfast_testlib)
	endif()
	holdfast_add_test(${name} ${tier} ${timeout_${tier}} ${PROJECT_BINARY_DIR}/${name})
	if(tier STREQUAL fast)
		holdfast_threads(${name} ${source} "${also}")
	else()
		set_tests_properties(${name} PROPERTIES COST 100) # the longest begin first
	endif()
	# What domains do they do in memory, too (tests/lib/settings.h): tables at once, all else later.
	file(STRINGS ${source} staged LIMIT_COUNT 1 REGEX "stage|op_scene|lib/domains/table.h")
	if(staged AND source MATCHES "/tests/(domains/.*|laws/test_laws\\.c)")
		set(where medium)
		if(name MATCHES "_table")
			set(where ${tier})
		endif()
		holdfast_add_test(${name}_in_memory ${where} ${timeout_medium}
			${PROJECT_BINARY_DIR}/${name})
		set_tests_properties(${name}_in_memory PROPERTIES ENVIRONMENT HF_STAGE=memory)
	endif()
	if(also STREQUAL long)
		holdfast_add_test(${name}_long long ${timeout_long} ${PROJECT_BINARY_DIR}/${name})
		set_tests_properties(${name}_long PROPERTIES ENVIRONMENT HF_LONG=1)
	endif()
endforeach()
if(together)
	holdfast_add_program(all_tests "${all_sources};${PROJECT_SOURCE_DIR}/tests/lib/all_tests.c"
		holdfast_testlib)
endif()

# The toy domain: its objects and its table of domains stand in for the one of the archive. Beside
# the test a tool and a shared library that know it, in build/toy/.
file(GLOB toy_sources CONFIGURE_DEPENDS
	${PROJECT_SOURCE_DIR}/tests/toy/note/*.c ${PROJECT_SOURCE_DIR}/tests/toy/table.c)
if(TARGET test_toy)
	target_sources(test_toy PRIVATE ${toy_sources})
endif()
if(NOT HOLDFAST_ONE_ENGINE)
	add_library(holdfast_toy SHARED ${toy_sources}
		$<FILTER:$<TARGET_OBJECTS:holdfast_objects>,EXCLUDE,/engine/table\\.c>)
	target_link_libraries(holdfast_toy PRIVATE PkgConfig::XXHASH PkgConfig::ZSTD Threads::Threads)
	add_executable(holdfast_toy_tool ${PROJECT_SOURCE_DIR}/tools/cli/main.c ${toy_sources})
	target_link_libraries(holdfast_toy_tool PRIVATE holdfast_tools holdfast::holdfast m)
	set_target_properties(holdfast_toy_tool PROPERTIES OUTPUT_NAME holdfast
		RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/toy)
	set_target_properties(holdfast_toy PROPERTIES OUTPUT_NAME holdfast
		LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/toy)
	foreach(target holdfast_toy holdfast_toy_tool)
		target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/engine
			${PROJECT_SOURCE_DIR}/engine/include ${PROJECT_SOURCE_DIR}/tests)
	endforeach()
endif()

# Rules about sources and libraries: once is enough, so not again under each sanitizer.
if(NOT HOLDFAST_ONE_ENGINE)
	file(GLOB checks CONFIGURE_DEPENDS
		${PROJECT_SOURCE_DIR}/tests/style/check_*.sh ${PROJECT_SOURCE_DIR}/tests/python/check_*.sh
		${PROJECT_SOURCE_DIR}/tests/toy/check_*.sh ${PROJECT_SOURCE_DIR}/tests/operate/check_*.sh)
	foreach(check ${checks})
		get_filename_component(name ${check} NAME_WE)
		holdfast_tier(${check})
		holdfast_add_test(${name} ${tier} ${timeout_${tier}}
			${check} ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
	endforeach()
	# Hundreds of small stores; many programs, each started anew.
	set_tests_properties(check_python PROPERTIES TIMEOUT 300)
	# It has two threads of its own, and seven disks by thirteen workloads.
	set_tests_properties(test_crash_sweep PROPERTIES PROCESSORS 2 COST 1000 TIMEOUT 1800)
	include(${PROJECT_SOURCE_DIR}/cmake/model.cmake)
endif()

# Of the fast ones these take longest, some by sleeping: begun last, one would run alone at the end.
foreach(name check_python_signals test_machine_files test_machine_users test_crash_small
	test_cli_bad_store test_cli_bad_use test_cli_commands test_cli_lock test_cli_round_trip
	test_feed_crash test_formats test_formats_broken test_formats_whole test_layers test_memory_back
	test_review_depends test_review_endings test_review_pairs)
	if(TEST ${name})
		set_tests_properties(${name} PROPERTIES COST 50)
	endif()
endforeach()

# With libFuzzer a target fuzzes; without, fuzz/replay.c feeds it its corpus.
file(GLOB fuzz_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/fuzz_*.c)
if(HOLDFAST_THREADS_ONLY)
	set(fuzz_sources)
endif()
foreach(source ${fuzz_sources})
	get_filename_component(name ${source} NAME_WE)
	holdfast_add_program(${name} ${source} holdfast_testlib)
	if(HOLDFAST_FUZZ)
		target_link_options(${name} PRIVATE -fsanitize=fuzzer)
	else()
		target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/replay.c)
		holdfast_add_test(${name} fast ${timeout_fast}
			$<TARGET_FILE:${name}> ${PROJECT_SOURCE_DIR}/fuzz/corpus/${name})
	endif()
endforeach()

# Examples use the library as its users do.
file(GLOB example_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.c)
foreach(source ${example_sources})
	get_filename_component(stem ${source} NAME_WE)
	set(name example_${stem})
	holdfast_add_program(${name} ${source} holdfast::holdfast)
	holdfast_add_test(${name} "fast;threads" ${timeout_fast} $<TARGET_FILE:${name}>)
endforeach()

# The demo is an example of several files, which calls the tool as a person would. It reads JSON, so
# it may use yajl.
file(GLOB demo_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/demo/*.c)
holdfast_add_program(example_demo "${demo_sources}"
	holdfast::holdfast PkgConfig::YAJL Threads::Threads)
holdfast_add_test(example_demo "fast;threads" ${timeout_fast}
	$<TARGET_FILE:example_demo> --tool $<TARGET_FILE:holdfast>)
