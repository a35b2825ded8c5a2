# Lines of the terminal feed on their way through Redis: a thread of its own with its own sockets.
synapse_add_component(actors_feed_redis
  PATH actors/feed/redis
  SOURCES name_lookup.cpp outgoing_queue.cpp redis_bus.cpp redis_connection.cpp
          redis_link.cpp redis_protocol.cpp redis_stream.cpp
  DEPENDS actors_feed config telemetry actors_protocol
  LINK synapse_asio Hiredis::hiredis nlohmann_json::nlohmann_json)

# What they share of tests/support is compiled in: the library there waits for the whole gateway.
synapse_add_test(feed_bus
  SOURCES actors/feed/redis/redis_server.cpp
          actors/feed/redis/outgoing_queue_test.cpp actors/feed/redis/redis_bus_test.cpp
          actors/feed/redis/redis_bus_access_test.cpp actors/feed/redis/redis_bus_faults_test.cpp
          actors/feed/redis/redis_bus_load_test.cpp actors/feed/redis/redis_protocol_test.cpp
          support/certificates.cpp support/sockets.cpp support/waiting.cpp
  DEPENDS actors_feed_redis)
