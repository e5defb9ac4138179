# Compiler and linker flags for everything that is built here. The library's users get none of them.
include(CheckCCompilerFlag)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
	set(CMAKE_BUILD_TYPE Release)
endif()
# The engine's assertions guard invariants whose breach would damage the log: they stay on in every
# kind of build.
foreach(kind RELEASE RELWITHDEBINFO MINSIZEREL)
	string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${kind} "${CMAKE_C_FLAGS_${kind}}")
endforeach()

add_compile_definitions(_GNU_SOURCE)
add_compile_options(
	-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wcast-align -Wformat=2 -Wvla -Wundef -Wpointer-arith -Wwrite-strings)
if(HOLDFAST_WERROR)
	add_compile_options(-Werror)
endif()

# The processor-specific ones are asked for where the compiler has them.
if(HOLDFAST_HARDEN)
	foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection=full)
		string(MAKE_C_IDENTIFIER "HOLDFAST_HAS${flag}" has)
		check_c_compiler_flag(${flag} ${has})
		if(${has})
			add_compile_options(${flag})
		endif()
	endforeach()
	add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
	add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
endif()

set(HOLDFAST_ONE_ENGINE OFF)
if(HOLDFAST_SANITIZE)
	set(HOLDFAST_ONE_ENGINE ON)
	add_compile_options(
		-fsanitize=${HOLDFAST_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
	add_link_options(-fsanitize=${HOLDFAST_SANITIZE})
endif()
if(HOLDFAST_FUZZ)
	if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
		message(FATAL_ERROR "HOLDFAST_FUZZ needs clang: libFuzzer comes with it")
	endif()
	set(HOLDFAST_ONE_ENGINE ON)
	add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(HOLDFAST_COVERAGE)
	set(HOLDFAST_ONE_ENGINE ON)
	add_compile_options(--coverage)
	add_link_options(--coverage)
endif()
