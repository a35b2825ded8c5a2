#include "http/server/traffic/traffic_desk.hpp"
#include "tests/http/server/server_rig.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace synapse::server {
namespace {

using namespace std::chrono_literals;
using actors::running_request;
using phase = running_request::phase;

struct traffic_desk_test : testing::Test {
  void SetUp() override {
    rig.add_route("POST", "/work", wait);
    rig.add_route("GET", "/dashboard/feed", wait, false);
    rig.add_route("POST", "/stream", begin_answer);
    desk = actors::spawn_pinned<traffic_desk>(rig.actors().unit(), rig.worker());
    rig.settle();
  }
  void TearDown() override {
    for (const auto& one : list()) // nobody waits for the rest of half a body
      cancel(one.id);
    rig.actors().end(desk);
    desk = nullptr;
  }

  /// Until it is given up.
  static net::task<void> wait(exchange& request) {
    request.record().backend = "chat";
    while (!request.given_up())
      co_await request.changed();
    request.abort();
  }
  /// The same, with the head of an answer before.
  static net::task<void> begin_answer(exchange& request) {
    http::append_reply_head(request.out(), {.chunked = true});
    const std::string_view head = request.out();
    request.write({&head, 1});
    co_await wait(request);
  }

  rig_client& ask(const std::string& line, const std::string& id, const std::string& rest = {}) {
    return rig.connect(line + " HTTP/1.1\r\nHost: a\r\nX-Request-Id: " + id + "\r\n" +
                       (rest.empty() ? "Content-Length: 0\r\n\r\n" : rest));
  }
  std::vector<running_request> list() {
    rig.forget();
    const auto answer =
        rig.actors().ask<std::vector<running_request>>(desk, actors::list_atom::value);
    EXPECT_TRUE(answer);
    return answer ? *answer : std::vector<running_request>{};
  }
  bool cancel(const std::string& id) {
    const auto answer = rig.actors().ask<bool>(desk, actors::cancel_atom::value, id);
    EXPECT_TRUE(answer);
    return answer && *answer;
  }

  server_rig rig;
  actors::traffic_desk_actor desk;
};

TEST_F(traffic_desk_test, has_nothing_to_tell_of_an_idle_thread) {
  rig.connect("");
  EXPECT_TRUE(list().empty());
  EXPECT_FALSE(cancel("none"));
}

TEST_F(traffic_desk_test, tells_what_a_request_is_about) {
  ask("POST /work?secret=1", "first");
  rig.pass(1500ms);
  const auto running = list();
  ASSERT_EQ(running.size(), 1u);
  EXPECT_EQ(running[0].id, "first");
  EXPECT_EQ(running[0].method, "POST");
  EXPECT_EQ(running[0].path, "/work") << "without its query";
  EXPECT_EQ(running[0].route, "/work");
  EXPECT_EQ(running[0].backend, "chat");
  EXPECT_EQ(running[0].client, "127.0.0.1");
  EXPECT_EQ(running[0].age_ms, 1500);
  EXPECT_GT(running[0].bytes_in, 0u);
  EXPECT_EQ(running[0].bytes_out, 0u);
}

TEST_F(traffic_desk_test, tells_how_far_a_request_is) {
  ask("POST /work", "whole");
  ask("POST /work", "half", "Content-Length: 10\r\n\r\n12345");
  ask("POST /stream", "answered");
  const auto running = list();
  ASSERT_EQ(running.size(), 3u);
  for (const auto& one : running)
    EXPECT_EQ(one.state, one.id == "whole"  ? phase::waiting
                         : one.id == "half" ? phase::receiving
                                            : phase::answering)
        << one.id;
}

TEST_F(traffic_desk_test, lists_the_oldest_first_and_leaves_the_dashboards_own_out) {
  ask("POST /work", "old");
  rig.pass(10ms);
  ask("GET /dashboard/feed", "own", "\r\n");
  rig.pass(10ms);
  ask("POST /work", "middle");
  rig.pass(10ms);
  ask("POST /work", "young");
  std::vector<std::string> ids;
  for (const auto& one : list())
    ids.push_back(one.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"old", "middle", "young"}));
}

TEST_F(traffic_desk_test, gives_up_all_requests_of_an_id_and_no_other) {
  auto& one = ask("POST /work", "twice");
  auto& other = ask("POST /work", "other");
  auto& two = ask("POST /work", "twice");
  EXPECT_TRUE(cancel("twice"));
  EXPECT_TRUE(rig.until([&] { return one.ended() && two.ended(); }));
  EXPECT_FALSE(other.ended());
  EXPECT_EQ(list().size(), 1u);
  EXPECT_FALSE(cancel("twice")) << "they have gone";
}

} // namespace
} // namespace synapse::server
