# Benchmarks: bench/bench_NAME.c is what `./run bench NAME` runs. They use the library as a user
# does.
file(GLOB bench_library_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/lib/*.c)
add_library(holdfast_benchlib STATIC ${bench_library_sources})
target_include_directories(holdfast_benchlib PUBLIC ${PROJECT_SOURCE_DIR}/bench)
target_link_libraries(holdfast_benchlib PUBLIC Threads::Threads holdfast::holdfast)

file(GLOB bench_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/bench_*.c)
foreach(source ${bench_sources})
	get_filename_component(name ${source} NAME_WE)
	add_executable(${name} ${source})
	target_link_libraries(${name} PRIVATE holdfast_benchlib holdfast::holdfast)
endforeach()
# It runs the tool that lies beside it.
if(TARGET holdfast)
	add_dependencies(bench_turn holdfast)
endif()
