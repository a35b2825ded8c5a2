# Where requests go, as plain state: no sockets, no actors, no clock.
synapse_add_component(routing NO_PCH PATH routing
  SOURCES catalog.cpp model_choice.cpp model_index.cpp names/name_table.cpp
  DEPENDS config)

synapse_add_test(routing NO_PCH
  SOURCES routing/catalog_test.cpp routing/model_choice_test.cpp routing/model_index_test.cpp
          routing/names/name_table_test.cpp
  DEPENDS routing)
