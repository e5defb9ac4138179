# The library and its twin for tests.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)

file(GLOB_RECURSE engine_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/engine/*.c)
file(GLOB public_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/engine/include/holdfast/*.h)

# One file may use wider registers, which it asks the processor for when it runs.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
	include(CheckCCompilerFlag)
	check_c_compiler_flag(-mavx2 HOLDFAST_HAS_AVX2)
	if(HOLDFAST_HAS_AVX2)
		set_source_files_properties(${PROJECT_SOURCE_DIR}/engine/base/hash_wide.c
			PROPERTIES COMPILE_OPTIONS -mavx2)
	endif()
endif()

# What every step of every change goes through. Loops over slots and records are unrolled, what is
# called in one place is inline: docs/commit/cost.md has the figures. Other floors gain nothing.
file(GLOB hot_sources CONFIGURE_DEPENDS
	${PROJECT_SOURCE_DIR}/engine/base/*.c ${PROJECT_SOURCE_DIR}/engine/object/*.c)
set_property(SOURCE ${hot_sources} APPEND PROPERTY COMPILE_OPTIONS $<$<CONFIG:Release>:-O3>)

# gcc clears and copies structs of 65 bytes and more by "rep stos" and "rep movs", which take some
# 30 cycles before they begin: a loop of stores of 16 bytes is over by then.
set(HOLDFAST_STRUCTS "")
foreach(what memset memcpy)
	set(flag "-m${what}-strategy=vector_loop:512:noalign,libcall:-1:noalign")
	check_c_compiler_flag(${flag} HOLDFAST_HAS_${what}_STRATEGY)
	if(HOLDFAST_HAS_${what}_STRATEGY)
		list(APPEND HOLDFAST_STRUCTS ${flag})
	endif()
endforeach()

function(holdfast_objects name)
	add_library(${name} OBJECT EXCLUDE_FROM_ALL ${engine_sources})
	target_compile_options(${name} PRIVATE ${HOLDFAST_STRUCTS})
	target_include_directories(${name} PRIVATE
		${PROJECT_SOURCE_DIR}/engine ${PROJECT_SOURCE_DIR}/engine/include)
	target_link_libraries(${name} PRIVATE PkgConfig::XXHASH PkgConfig::ZSTD Threads::Threads)
endfunction()

# What tests link: the same sources with HF_TESTING, internals in reach. An archive, so that a test
# of one floor needs no other.
holdfast_objects(holdfast_testing_objects)
target_compile_definitions(holdfast_testing_objects PUBLIC HF_TESTING)
target_compile_options(holdfast_testing_objects PRIVATE $<$<CONFIG:Release>:-g1>)
add_library(holdfast_testing STATIC EXCLUDE_FROM_ALL $<TARGET_OBJECTS:holdfast_testing_objects>)
target_compile_definitions(holdfast_testing INTERFACE HF_TESTING)
target_include_directories(holdfast_testing INTERFACE
	${PROJECT_SOURCE_DIR}/engine ${PROJECT_SOURCE_DIR}/engine/include)
target_link_libraries(holdfast_testing PUBLIC PkgConfig::XXHASH PkgConfig::ZSTD Threads::Threads)

# Tests that say they have one thread are held to it: see there.
if(HOLDFAST_SANITIZE)
	target_sources(holdfast_testing PRIVATE ${PROJECT_SOURCE_DIR}/tests/lib/one_thread.c)
	target_link_options(holdfast_testing INTERFACE -Wl,--wrap=pthread_create)
endif()

# What users link. Under a sanitizer, libFuzzer or coverage their programs use the testing engine
# too.
if(HOLDFAST_ONE_ENGINE)
	add_library(holdfast::holdfast ALIAS holdfast_testing)
	return()
endif()

holdfast_objects(holdfast_objects)
add_library(holdfast_static STATIC $<TARGET_OBJECTS:holdfast_objects>)
add_library(holdfast_shared SHARED $<TARGET_OBJECTS:holdfast_objects>)
foreach(library holdfast_static holdfast_shared)
	target_include_directories(${library} INTERFACE
		$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/engine/include>
		$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
	target_link_libraries(${library} PRIVATE PkgConfig::XXHASH PkgConfig::ZSTD Threads::Threads)
	set_target_properties(${library} PROPERTIES OUTPUT_NAME holdfast)
endforeach()
set_target_properties(holdfast_shared PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0)
target_link_options(holdfast_shared PRIVATE -Wl,-z,defs -Wl,--as-needed)
add_library(holdfast::holdfast ALIAS holdfast_static)
