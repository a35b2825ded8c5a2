# The terminal feed: its lines as plain values and text, and the actors that number and show them.
synapse_add_component(actors_feed
  PATH actors/feed
  SOURCES feed_inbox.cpp feed_text.cpp feed_wire.cpp known_origins.cpp feed_desk.cpp terminal_feed.cpp
  DEPENDS actors_protocol actors_runtime telemetry
  LINK nlohmann_json::nlohmann_json)

synapse_add_test(feed
  SOURCES actors/feed/feed_desk_test.cpp actors/feed/feed_inbox_test.cpp
          actors/feed/feed_text_test.cpp actors/feed/feed_wire_test.cpp
          actors/feed/known_origins_test.cpp actors/feed/terminal_feed_test.cpp
  DEPENDS actors_feed
  LINK nlohmann_json::nlohmann_json)
