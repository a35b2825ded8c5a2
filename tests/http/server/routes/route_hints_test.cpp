#include "http/server/routes/route_hints.hpp"
#include "http/server/routes/route_table.hpp"

#include <gtest/gtest.h>

namespace synapse::server {
namespace {

struct hints : testing::Test {
  hints() {
    for (const auto* path : {"/v1/chat/completions", "/v1/completions", "/v1/models",
                             "/v1/models/{id}", "/models/{id}/schema", "/health", "/voices"})
      for (const auto* method : {"GET", "POST"}) {
        route entry;
        entry.method = method;
        entry.path = path;
        table.add(std::move(entry));
      }
  }
  std::string said_of(std::string_view path) const { return no_such_route(table, path); }
  route_table table;
};

TEST_F(hints, name_the_route_that_was_probably_meant) {
  for (const auto* path : {"/v1/chat/completion", "/chat/completions", "/v1/v1/chat/completions",
                           "/v1/chat/completions/", "/V1/Chat/Completions", "/v1/chat-completions"})
    EXPECT_EQ(said_of(path), "there is no such route. Did you mean \"/v1/chat/completions\"?")
        << path;
  EXPECT_EQ(said_of("/models/x/schemas"),
            "there is no such route. Did you mean \"/models/{id}/schema\"?");
  EXPECT_EQ(said_of("/healthz"), "there is no such route. Did you mean \"/health\"?");
}

TEST_F(hints, name_none_where_none_is_near) {
  for (const auto* path : {"/favicon.ico", "/", "*", "", "/admin/console"})
    EXPECT_EQ(said_of(path), "there is no such route.") << path;
}

TEST_F(hints, know_the_methods_that_nobody_gets_through) {
  http::request_head head;
  const auto taken = [&](http::verb id, std::string_view name) {
    head.method_id = id;
    head.method = name;
    return !is_never_taken(head);
  };
  EXPECT_FALSE(taken(http::verb::trace, "TRACE"));
  EXPECT_FALSE(taken(http::verb::connect, "CONNECT"));
  for (const auto* name : {"trace", "Trace", "TRACK", "connect"})
    EXPECT_FALSE(taken(http::verb::other, name)) << name;
  EXPECT_TRUE(taken(http::verb::get, "GET"));
  EXPECT_TRUE(taken(http::verb::options, "OPTIONS"));
  EXPECT_TRUE(taken(http::verb::other, "PROPFIND"));
}

} // namespace
} // namespace synapse::server
