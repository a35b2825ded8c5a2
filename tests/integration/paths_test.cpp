// Paths are judged and sent in one form, and what a backend says about itself does not get out.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <netinet/in.h>
#include <sys/socket.h>
#include <vector>

namespace synapse::integration {
namespace {

using support::chunk;
using support::gateway_process;
using support::http_reply;
using support::request_bytes;

/// A backend below a base path, with a key of its own, and with only part of it in reach.
class paths : public ::testing::Test {
protected:
  explicit paths(support::scripted_upstream::script script = echo())
      : upstream_(std::move(script)),
        gateway_(config_with(backend("keyed", upstream_.url() + "/tenant-a",
                                     "authorization: {bearer_env: KEY}") +
                                 backend("llama-router", upstream_.url() + "/router"),
                             "routes: {\"/pub/*\": keyed}\n"),
                 options()) {}

  static gateway_process::options options() {
    gateway_process::options how;
    how.environment["KEY"] = "backend-key";
    return how;
  }

  http_reply ask(std::string_view method, std::string_view target, std::string_view fields = {}) {
    auto client = gateway_.connect();
    client.send(request_bytes(method, target, {}, fields));
    return client.read_reply();
  }

  support::scripted_upstream upstream_;
  gateway_process gateway_;
};

TEST_F(paths, that_leave_a_route_do_not_reach_its_backend) {
  for (const std::string target : {"/pub/../admin", "/pub/%2e%2e/admin", "/pub/..;/admin",
                                   "/pub/x/../../admin", "/pub/.%2E;a=b/admin", "//admin"}) {
    SCOPED_TRACE(target);
    const auto reply = gateway_.get(target);
    EXPECT_NE(reply.status, 200u);
    EXPECT_NE(reply.status, 400u);
  }
  for (const std::string target :
       {"/pub/../../admin", "/pub/%2e%2e/%2e%2e/admin", "/pub/..%2f..%2fadmin",
        "/pub/..%5c..%5cadmin", "/pub/..\\..\\admin", "/pub/%c0%ae%c0%ae/admin",
        "/pub/..%c0%af..%c0%afadmin", "/pub/a%00", "/pub/a%0d%0aX-Evil:%201", "/pub/%",
        "/pub/%2%65%2%65/admin", "/models/../../slots", "/pub/..;/..;/admin", "/pub/a%2Fb"}) {
    SCOPED_TRACE(target);
    const auto reply = gateway_.get(target);
    EXPECT_EQ(reply.status, 400u);
    EXPECT_NE(text_at(reply.body, "/detail").find("path"), std::string::npos) << reply.body;
  }
  EXPECT_EQ(gateway_.get("/models/../slots").status, 404u);
  EXPECT_EQ(upstream_.requests(), 0u);
}

TEST_F(paths, that_were_matched_are_what_is_sent) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"/pub/a/b?x=/../y", "/tenant-a/pub/a/b?x=/../y"},
      {"/pub/a/../b?x", "/tenant-a/pub/b?x"},
      {"/other/../pub/./b", "/tenant-a/pub/b"},
      {"//pub//a", "/tenant-a/pub/a"},
      {"/%70ub/%7Ea;v=1/caf%c3%a9", "/tenant-a/pub/~a;v=1/caf%C3%A9"},
      {"http://localhost/pub/../pub/x?q", "/tenant-a/pub/x?q"},
      {"/models/x/../sse?q", "/router/models/sse?q"},
  };
  auto client = gateway_.connect();
  for (const auto& [target, wanted] : cases) {
    SCOPED_TRACE(target);
    client.send(request_bytes("GET", target));
    const auto reply = client.read_reply();
    EXPECT_TRUE(reply.ok()) << reply.body;
    EXPECT_EQ(text_at(reply.body, "/target"), wanted);
  }
  EXPECT_TRUE(gateway_.get("/%6Civez").ok()) << "the gateway's own, too";
  EXPECT_TRUE(gateway_.get("//livez").ok());
}

TEST_F(paths, are_logged_in_the_form_that_was_judged) {
  EXPECT_TRUE(gateway_.get("/pub/a/../b").ok());
  gateway_.get("/pub/../../admin");
  EXPECT_TRUE(support::wait_until([&] {
    return gateway_.out().find("/pub/b") != std::string::npos &&
           gateway_.out().find("/pub/../../admin") != std::string::npos;
  })) << gateway_.out();
}

TEST_F(paths, that_nobody_has_name_the_nearest_one) {
  EXPECT_NE(gateway_.get("/v1/chat/completion").body.find("/v1/chat/completions"),
            std::string::npos);
  EXPECT_NE(text_at(gateway_.get("/helth").body, "/detail").find("\"/health\""), std::string::npos);
  EXPECT_EQ(text_at(gateway_.get("/zzz").body, "/detail"), "there is no such route.");
}

TEST_F(paths, are_neither_traced_nor_connected_to) {
  for (const std::string method : {"TRACE", "trace", "TRACK"})
    for (const std::string target :
         {"/pub/x", "/v1/chat/completions", "/models/a/b", "/", "/livez", "/nowhere"}) {
      SCOPED_TRACE(method + " " + target);
      const auto reply = ask(method, target);
      EXPECT_EQ(reply.status, 405u);
      EXPECT_NE(reply.field("Allow"), "");
    }
  EXPECT_EQ(ask("CONNECT", "example.com:443").status, 405u);
  EXPECT_EQ(upstream_.requests(), 0u);
  EXPECT_TRUE(ask("PROPFIND", "/pub/x").ok());
}

/// A backend that says where it is, sets cookies and adds trailers.
class backend_answers : public paths {
protected:
  backend_answers()
      : paths([this](support::upstream_connection& connection) {
          while (connection.read_request())
            connection.send(answer());
        }) {}
  std::string address() const { return "127.0.0.1:" + std::to_string(upstream_.port()); }
  /// What it says from now on.
  void answers(std::string bytes) {
    const std::lock_guard lock{mutex_};
    answer_ = std::move(bytes);
  }

private:
  std::string answer() {
    const std::lock_guard lock{mutex_};
    return answer_;
  }
  std::mutex mutex_;
  std::string answer_;
};

TEST_F(backend_answers, with_their_own_address_name_the_gateways_paths) {
  const auto location_for = [&](const std::string& reference) {
    answers(
        support::answer_bytes(307, "{}", "application/json", "Location: " + reference + "\r\n"));
    return gateway_.get("/pub/x").field("Location");
  };
  EXPECT_EQ(location_for("http://" + address() + "/tenant-a/pub/x/?q=1"), "/pub/x/?q=1");
  EXPECT_EQ(location_for("//" + address() + "/tenant-a/pub/y"), "/pub/y");
  EXPECT_EQ(location_for("/tenant-a/pub/y"), "/pub/y");
  EXPECT_EQ(location_for("https://example.com/tenant-a"), "https://example.com/tenant-a");
}

TEST_F(backend_answers, set_no_cookie_of_the_gateway_and_allow_no_pages) {
  answers(support::answer_bytes(200, "{}", "application/json",
                                "Set-Cookie: synapse_dash_token=evil\r\nSet-Cookie: a=1\r\n"
                                "Access-Control-Allow-Origin: *\r\n"));
  const auto reply = gateway_.get("/pub/x");
  EXPECT_EQ(reply.count("Set-Cookie"), 1u) << reply.head;
  EXPECT_EQ(reply.field("Set-Cookie"), "a=1");
  EXPECT_EQ(reply.count("Access-Control-Allow-Origin"), 0u);
}

TEST_F(backend_answers, have_no_trailers) {
  answers("HTTP/1.1 200 OK\r\nTrailer: X-A\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("ab") +
          "3;e=1\r\ncde\r\n0\r\nSet-Cookie: t=1\r\nX-Request-Id: theirs\r\n\r\n");
  auto client = gateway_.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(request_bytes("GET", "/pub/x"));
    auto reply = client.read_head();
    EXPECT_EQ(reply.count("Trailer"), 0u);
    client.read_rest(reply);
    EXPECT_TRUE(reply.complete()) << to_string(reply.end);
    EXPECT_EQ(reply.body, "abcde");
  }
  client.send("GET /pub/x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  std::string raw;
  while (client.stream().receive(raw, support::patience) == support::io_result::data) {
  }
  EXPECT_EQ(raw.find("Set-Cookie"), std::string::npos) << raw;
  EXPECT_EQ(raw.find("theirs"), std::string::npos);
  EXPECT_TRUE(raw.ends_with("3;e=1\r\ncde\r\n0\r\n\r\n")) << raw;
  EXPECT_EQ(upstream_.connections(), 1u) << "the backend's connection is kept";
}

TEST_F(backend_answers, lose_trailers_however_the_network_cuts_them) {
  const std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("ab") +
                             "0\r\nX-A: b\r\nX-C: d\r\n\r\n";
  upstream_.set_script([answer](support::upstream_connection& connection) {
    while (connection.read_request())
      connection.send_in_pieces(answer, 1, [](std::size_t) { return true; });
  });
  auto client = gateway_.connect();
  client.send("GET /pub/x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  std::string raw;
  while (client.stream().receive(raw, support::patience) == support::io_result::data) {
  }
  EXPECT_TRUE(raw.ends_with("\r\n\r\n2\r\nab\r\n0\r\n\r\n")) << raw;
}

TEST(client_addresses, are_the_same_on_a_listener_for_both_families) {
  const support::descriptor probe{::socket(AF_INET6, SOCK_STREAM, 0)};
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  if (probe.get() < 0 || ::bind(probe.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) != 0)
    GTEST_SKIP() << "no IPv6 here";
  support::scripted_upstream upstream{echo()};
  const gateway_process gateway{
      config_with(backend("service", upstream.url()),
                  "listener: {host: \"::\"}\nroutes: {\"/pub/*\": service}\n")};
  EXPECT_TRUE(gateway.get("/pub/x").ok());
  ASSERT_EQ(upstream.seen().size(), 1u);
  EXPECT_EQ(upstream.seen()[0].field("X-Forwarded-For"), "127.0.0.1");
  EXPECT_TRUE(
      support::wait_until([&] { return gateway.out().find("127.0.0.1") != std::string::npos; }));
  EXPECT_EQ(gateway.out().find("ffff"), std::string::npos) << gateway.out();
}

} // namespace
} // namespace synapse::integration
