# Where requests go, as plain state: no sockets, no actors, no clock.
synapse_add_component(routing NO_PCH PATH routing
  SOURCES catalog.cpp model_choice.cpp model_index.cpp
          failure/cell.cpp
          failure/disposition.cpp
          failure/error_words.cpp
          failure/permit_shrink.cpp
          failure/retry_budget.cpp
          failure/verdict_table.cpp
          journey/journey.cpp
          journey/journey_search.cpp
          names/name_table.cpp
          pick/affinity.cpp
          pick/contest.cpp
          pick/meter.cpp
          pick/rate_limit.cpp
          pick/strategy.cpp
          pick/windows.cpp
          records/catalog_records.cpp
          records/deployment_record.cpp
  DEPENDS config)

synapse_add_test(routing NO_PCH
  SOURCES routing/catalog_test.cpp routing/model_choice_test.cpp routing/model_index_test.cpp
          routing/failure/cell_test.cpp
          routing/failure/disposition_test.cpp
          routing/failure/disposition_words_test.cpp
          routing/failure/error_words_test.cpp
          routing/failure/outage_test.cpp
          routing/failure/permit_shrink_test.cpp
          routing/failure/retry_budget_test.cpp
          routing/failure/sliding_count_test.cpp
          routing/journey/journey_limits_test.cpp
          routing/journey/journey_random_test.cpp
          routing/journey/journey_test.cpp
          routing/names/name_table_test.cpp
          routing/pick/affinity_test.cpp
          routing/pick/allocation_test.cpp
          routing/pick/averages_test.cpp
          routing/pick/meter_test.cpp
          routing/pick/random_test.cpp
          routing/pick/rate_limit_test.cpp
          routing/pick/strategy_simulation_test.cpp
          routing/pick/strategy_test.cpp
          routing/pick/windows_test.cpp
          routing/records/catalog_records_test.cpp
          routing/records/deployment_record_test.cpp
  DEPENDS routing)
