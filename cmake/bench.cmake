# Benchmarks: bench/bench_NAME.c is what `./run bench NAME` runs. They use the library as a user
# does. What it is compared with is built in where it is installed: bench/peers/NAME.c, which is
# compiled only then.
set(bench_peer_sources peers.c holdfast.c queues.c queue_holdfast.c queue_beanstalkd.c)
list(TRANSFORM bench_peer_sources PREPEND ${PROJECT_SOURCE_DIR}/bench/peers/)
add_library(holdfast_bench_peers INTERFACE)

# bench_peer(MACRO target-to-link files...)
function(bench_peer macro target)
	target_compile_definitions(holdfast_bench_peers INTERFACE BENCH_${macro})
	target_link_libraries(holdfast_bench_peers INTERFACE ${target})
	list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/bench/peers/)
	set(bench_peer_sources ${bench_peer_sources} ${ARGN} PARENT_SCOPE)
endfunction()

pkg_check_modules(BENCH_SQLITE IMPORTED_TARGET sqlite3)
pkg_check_modules(BENCH_LMDB IMPORTED_TARGET lmdb)
pkg_check_modules(BENCH_ROCKSDB IMPORTED_TARGET rocksdb)
pkg_check_modules(BENCH_WIREDTIGER IMPORTED_TARGET wiredtiger)
pkg_check_modules(BENCH_HIREDIS IMPORTED_TARGET hiredis)
find_library(BENCH_LEVELDB leveldb) # which has no pkg-config file
find_path(BENCH_LEVELDB_HEADERS leveldb/c.h)
if(BENCH_SQLITE_FOUND)
	bench_peer(SQLITE PkgConfig::BENCH_SQLITE sqlite_table.c sqlite.c queue_sqlite.c
		inbox_sqlite.c)
endif()
if(BENCH_LMDB_FOUND)
	bench_peer(LMDB PkgConfig::BENCH_LMDB lmdb.c)
endif()
if(BENCH_ROCKSDB_FOUND)
	bench_peer(ROCKSDB PkgConfig::BENCH_ROCKSDB rocksdb.c)
endif()
if(BENCH_LEVELDB AND BENCH_LEVELDB_HEADERS)
	bench_peer(LEVELDB ${BENCH_LEVELDB} leveldb.c)
endif()
if(BENCH_WIREDTIGER_FOUND)
	bench_peer(WIREDTIGER PkgConfig::BENCH_WIREDTIGER wiredtiger.c)
endif()
if(BENCH_HIREDIS_FOUND)
	bench_peer(REDIS PkgConfig::BENCH_HIREDIS redis.c)
endif()

file(GLOB bench_library_sources CONFIGURE_DEPENDS
	${PROJECT_SOURCE_DIR}/bench/lib/*.c ${PROJECT_SOURCE_DIR}/bench/compare/*.c)
list(REMOVE_ITEM bench_library_sources ${PROJECT_SOURCE_DIR}/bench/lib/inside.c)
add_library(holdfast_benchlib STATIC ${bench_library_sources} ${bench_peer_sources})
target_include_directories(holdfast_benchlib PUBLIC ${PROJECT_SOURCE_DIR}/bench)
target_link_libraries(holdfast_benchlib
	PUBLIC holdfast_bench_peers Threads::Threads holdfast::holdfast m)

file(GLOB bench_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/bench_*.c)
foreach(source ${bench_sources})
	get_filename_component(name ${source} NAME_WE)
	add_executable(${name} ${source})
	target_link_libraries(${name} PRIVATE holdfast_benchlib holdfast::holdfast)
endforeach()
# They compare the engine with itself: see bench/lib/inside.h.
foreach(name bench_put bench_gather)
	if(TARGET ${name})
		target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/bench/lib/inside.c)
		target_link_options(${name} PRIVATE
			-Wl,--wrap=hf__gather -Wl,--wrap=hf__document_apply)
	endif()
endforeach()
# It runs the tool that lies beside it.
if(TARGET holdfast)
	add_dependencies(bench_turn holdfast)
endif()
