# tests/run: the project's own scripts. run_local_test.py needs both programs; scripts/run_tests.py
# runs it.
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
add_test(NAME run.run_tests_counts_right
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tests/run/run_tests_test.py)
set_tests_properties(run.run_tests_counts_right PROPERTIES LABELS source TIMEOUT 60)
add_test(NAME run.build_dashboard_says_what_it_lacks
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tests/run/build_dashboard_test.py)
set_tests_properties(run.build_dashboard_says_what_it_lacks PROPERTIES LABELS source TIMEOUT 120)
add_test(NAME run.help_of_every_script_does_nothing_else
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tests/run/help_test.py)
set_tests_properties(run.help_of_every_script_does_nothing_else PROPERTIES LABELS source TIMEOUT 300)
