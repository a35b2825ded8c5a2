# The terminal feed's lines as plain values and text: no actors, no sockets.
synapse_add_component(actors_feed
  PATH actors/feed
  SOURCES feed_inbox.cpp feed_text.cpp feed_wire.cpp known_origins.cpp feed_desk.cpp terminal_feed.cpp
  DEPENDS actors_protocol actors_runtime telemetry
  LINK nlohmann_json::nlohmann_json)

synapse_add_test(feed
  SOURCES actors/feed/feed_test.cpp actors/feed/feed_wire_test.cpp
  DEPENDS actors_feed
  LINK nlohmann_json::nlohmann_json)
