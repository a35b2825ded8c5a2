# tests/layering: checks of the source text, not of a build; the label keeps them out of the sanitizer
# rounds, where they would say the same again.
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
add_test(NAME layering.source_tree
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/scripts/check_layers.py)
add_test(NAME layering.rules_can_fail
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tests/layering/check_layers_test.py)
add_test(NAME layering.tests_mirror_sources
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/scripts/check_tests.py)
add_test(NAME layering.rules_of_tests_can_fail
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tests/layering/check_tests_test.py)
set_tests_properties(layering.source_tree layering.rules_can_fail layering.tests_mirror_sources
  layering.rules_of_tests_can_fail PROPERTIES LABELS source TIMEOUT 60)
