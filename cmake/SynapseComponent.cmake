# One library per folder, and a build that refuses an arrow drawn upwards.
#
#   synapse_add_component(<name> PATH <folder> SOURCES <file>... [DEPENDS <component>...]
#                         [LINK <third-party target>...])
#
# Three things keep the direction of the layers:
#   1. a dependency must exist already when it is named, so the order of the calls in the top
#      CMakeLists.txt is the order of the layers;
#   2. every component has an include root of its own (build/include/<name>/<folder>, a link), so
#      #include "actors/supervision/config_publisher.hpp" is found only where synapse::actors is linked;
#   3. GLOBAL_DEPENDS_NO_CYCLES, without which CMake accepts cycles among static libraries.
# What this cannot see (relative includes, forbidden third-party headers) is checked by
# scripts/check_layers.py, which the test suite runs.
set_property(GLOBAL PROPERTY GLOBAL_DEPENDS_NO_CYCLES ON)

function(synapse_add_component name)
  cmake_parse_arguments(arg "NO_PCH" "PATH" "SOURCES;DEPENDS;LINK" ${ARGN})
  set(target synapse_${name})
  set(sources ${arg_SOURCES})
  list(TRANSFORM sources PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/${arg_PATH}/)
  set(root ${CMAKE_BINARY_DIR}/include/${name})
  get_filename_component(parent ${root}/${arg_PATH} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  if(NOT EXISTS ${root}/${arg_PATH})
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${arg_PATH} ${root}/${arg_PATH} SYMBOLIC)
  endif()
  if(sources)
    synapse_unify(${target} sources ${sources})
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(${target} PRIVATE synapse_flags)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(synapse::${name} ALIAS ${target})
  target_include_directories(${target} ${scope} ${root})
  foreach(dependency IN LISTS arg_DEPENDS)
    if(NOT TARGET synapse_${dependency})
      message(FATAL_ERROR "'${name}' may not depend on '${dependency}': not a lower layer")
    endif()
    target_link_libraries(${target} ${scope} synapse::${dependency})
  endforeach()
  target_link_libraries(${target} ${scope} ${arg_LINK})
  if(sources AND NOT arg_NO_PCH AND TARGET synapse_pch)
    target_precompile_headers(${target} REUSE_FROM synapse_pch)
    target_link_libraries(${target} PRIVATE synapse_pch_usage)
  endif()
endfunction()

# Gives the files that ask for them the paths of this checkout. Only those: a compiler's cache takes the
# others from wherever they were compiled before. Looked for when CMake runs: a file that begins to ask needs
# another run (touch CMakeLists.txt).
function(synapse_define_paths)
  foreach(source IN LISTS ARGN)
    file(STRINGS ${source} asking REGEX "SYNAPSE_(SOURCE|BINARY)_DIR" LIMIT_COUNT 1)
    if(asking)
      set_source_files_properties(${source} PROPERTIES COMPILE_DEFINITIONS
        "SYNAPSE_SOURCE_DIR=\"${CMAKE_CURRENT_SOURCE_DIR}\";SYNAPSE_BINARY_DIR=\"${CMAKE_BINARY_DIR}\"")
    endif()
  endforeach()
endfunction()

# synapse_unify(<target> <variable> <source>...) sets the variable to what is compiled for these sources: up
# to six files of a folder together (SYNAPSE_UNITY), because what they include and instantiate is most of a
# file's cost and is paid once for all of them. Names without linkage have to be unique within a folder
# therefore. Files with definitions of their own are compiled alone.
#
# CMake's own UNITY_BUILD includes by absolute paths, and with those a compiler's cache knows nothing again
# in another checkout or in an image.
function(synapse_unify target variable)
  if(NOT SYNAPSE_UNITY)
    set(${variable} ${ARGN} PARENT_SCOPE)
    return()
  endif()
  set(most 6)
  set(result)
  set(folders)
  foreach(source IN LISTS ARGN)
    get_source_file_property(definitions ${source} COMPILE_DEFINITIONS)
    if(definitions)
      list(APPEND result ${source})
    else()
      cmake_path(GET source PARENT_PATH folder)
      cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${CMAKE_SOURCE_DIR})
      string(MAKE_C_IDENTIFIER "${folder}" folder)
      list(APPEND folders ${folder})
      list(APPEND files_${folder} ${source})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES folders)
  set(place ${CMAKE_BINARY_DIR}/unity/${target})
  foreach(folder IN LISTS folders)
    # As many in each as in the others.
    list(LENGTH files_${folder} count)
    math(EXPR groups "(${count} + ${most} - 1) / ${most}")
    math(EXPR size "(${count} + ${groups} - 1) / ${groups}")
    set(begin 0)
    while(begin LESS count)
      list(SUBLIST files_${folder} ${begin} ${size} group)
      set(text)
      foreach(source IN LISTS group)
        file(RELATIVE_PATH path ${place} ${source})
        string(APPEND text "#include \"${path}\"\n")
      endforeach()
      set(file ${place}/${folder}_${begin}.cpp)
      file(CONFIGURE OUTPUT ${file} CONTENT "${text}")
      list(APPEND result ${file})
      math(EXPR begin "${begin} + ${size}")
    endwhile()
  endforeach()
  set(${variable} ${result} PARENT_SCOPE)
endfunction()

# Tests are compiled once and run once: most of -O2's time would never be won back. (What coroutines need of
# it, so that resuming one another does not grow the stack, is named.) Checks of undefined
# behaviour are for what is tested, and cost a third of a test's compilation.
function(synapse_compile_as_test target)
  target_compile_options(${target} PRIVATE "$<$<CONFIG:Release>:-O1;-foptimize-sibling-calls>")
  if(SYNAPSE_SANITIZE MATCHES "undefined")
    target_compile_options(${target} PRIVATE -fno-sanitize=undefined)
  endif()
endfunction()

#   synapse_add_test(<name> SOURCES <file under tests/>... DEPENDS <component>... [LINK ...])
# One GoogleTest program; every test of it becomes a ctest entry of its own.
function(synapse_add_test name)
  cmake_parse_arguments(arg "NO_PCH" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  if(NOT SYNAPSE_BUILD_TESTS)
    return()
  endif()
  set(target ${name}_test)
  set(sources ${arg_SOURCES})
  list(TRANSFORM sources PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/tests/)
  synapse_define_paths(${sources})
  synapse_unify(${target} sources ${sources})
  add_executable(${target} ${sources})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  synapse_compile_as_test(${target})
  list(TRANSFORM arg_DEPENDS PREPEND synapse::)
  target_link_libraries(${target} PRIVATE synapse_flags ${arg_DEPENDS} ${arg_LINK}
    GTest::gtest GTest::gmock GTest::gtest_main)
  if(NOT arg_NO_PCH AND TARGET synapse_pch)
    target_precompile_headers(${target} REUSE_FROM synapse_pch)
    target_link_libraries(${target} PRIVATE synapse_pch_usage)
  endif()
  # Only a test that hangs meets it: the slowest takes seconds, but a busy machine takes its time.
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 300)
endfunction()
