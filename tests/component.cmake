# tests: whole-gateway tests and checks, one folder each. The tests of a layer are declared in that
# layer's own component.cmake.
if(SYNAPSE_BUILD_TESTS)
  file(GLOB test_components ${CMAKE_CURRENT_SOURCE_DIR}/tests/*/component.cmake)
  # What the others share comes first.
  set(shared ${CMAKE_CURRENT_SOURCE_DIR}/tests/support/component.cmake)
  if(shared IN_LIST test_components)
    list(REMOVE_ITEM test_components ${shared})
    list(PREPEND test_components ${shared})
  endif()
  foreach(component IN LISTS test_components)
    include(${component})
  endforeach()
  # A new one changes its folder, and that configures anew. (CONFIGURE_DEPENDS would do the same, but
  # looks through the folders, and says so, at every build.)
  file(GLOB test_folders LIST_DIRECTORIES true ${CMAKE_CURRENT_SOURCE_DIR}/tests/*)
  list(FILTER test_folders EXCLUDE REGEX "\\.[a-z]+$")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${CMAKE_CURRENT_SOURCE_DIR}/tests ${test_folders})
endif()
