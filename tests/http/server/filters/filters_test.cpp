#include "http/server/filters/filter.hpp"
#include "http/server/filters/origin_policy.hpp"
#include "tests/http/proxy/proxy_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::server {
namespace {

using http::response_detail;
using proxy::get;
using proxy::post;
using testing::ElementsAre;
using testing::HasSubstr;

struct filters_test : testing::Test {
  void add(std::string method, std::string path, bool upgrades = false) {
    route one;
    one.method = std::move(method);
    one.path = std::move(path);
    one.metrics = &rig.metrics().route(one.path);
    one.upgrades = upgrades;
    one.handle = [this](exchange& ex) -> net::task<void> {
      called.emplace_back(ex.path());
      in_flight = ex.metrics()->in_flight.value();
      co_await ex.reply(200, "text/plain", "served");
    };
    rig.table().add(std::move(one));
  }
  proxy::seen_answer ask(std::string_view request) {
    rig.send(request);
    rig.until([&] { return rig.answer().whole; });
    return rig.answer();
  }
  telemetry::route_metrics& metrics_of(std::string_view path) {
    return rig.metrics().route(std::string{path});
  }
  std::string with(std::string_view fields, std::string_view path = "/x") {
    return get(path, fields);
  }

  proxy::proxy_rig rig;
  std::vector<std::string> called;
  std::int64_t in_flight = 0;
};

TEST(filters, stand_in_one_order) {
  std::vector<std::string> before;
  std::vector<std::string> after;
  for (const auto& one : filters()) {
    if (one.on_request != nullptr)
      before.emplace_back(one.name);
    if (one.on_end != nullptr)
      after.emplace_back(one.name);
  }
  EXPECT_THAT(before, ElementsAre("reserved_room", "path", "route", "metrics", "origin", "upgrade",
                                  "method"));
  EXPECT_THAT(after, ElementsAre("metrics", "access_log"));
}

TEST_F(filters_test, let_a_request_through_to_its_handler) {
  add("GET", "/x");
  EXPECT_EQ(ask(get("/x")).body, "served");
  EXPECT_THAT(called, ElementsAre("/x"));
  EXPECT_EQ(in_flight, 1);
  EXPECT_EQ(metrics_of("/x").in_flight.value(), 0);
  EXPECT_EQ(metrics_of("/x").requests(200).value(), 1U);
}

TEST_F(filters_test, refuse_a_path_without_a_normal_form_before_they_look_for_its_route) {
  add("GET", "/x");
  const auto answer = ask(get("/x/%00"));
  EXPECT_EQ(answer.status, 400U);
  EXPECT_TRUE(called.empty());
  EXPECT_EQ(metrics_of("/x").requests(400).value(), 0U);
}

TEST_F(filters_test, say_which_methods_a_path_has) {
  add("GET", "/x");
  add("PUT", "/x");
  const auto answer = ask(post("/x", "{}"));
  EXPECT_EQ(answer.status, 405U);
  EXPECT_EQ(answer.field("Allow"), "GET, HEAD, PUT, OPTIONS");
  rig.send("OPTIONS /x HTTP/1.1\r\nHost: h\r\n\r\n");
  rig.until_client_has("\r\n\r\n");
  EXPECT_EQ(rig.answer().status, 204U);
  EXPECT_TRUE(called.empty());
}

TEST_F(filters_test, never_take_a_trace) {
  for (const auto* method : {"TRACE", "trace", "TRACK"}) {
    rig.send(std::string{method} + " /any HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    rig.until_client_ended();
    EXPECT_THAT(rig.client().received(), HasSubstr(" 405 ")) << method;
  }
}

TEST_F(filters_test, tell_that_a_route_does_not_change_protocols) {
  add("GET", "/x");
  const auto answer = ask(with("Connection: Upgrade\r\nUpgrade: websocket\r\n"
                               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a\r\n"));
  EXPECT_EQ(answer.status, 501U);
  EXPECT_THAT(answer.body, HasSubstr("does not support upgrading"));
  EXPECT_TRUE(called.empty());
  EXPECT_EQ(metrics_of("/x").requests(501).value(), 1U);
}

TEST_F(filters_test, pass_over_what_clients_offer_in_passing) {
  add("GET", "/x");
  for (const auto* offered : {"h2c", "H2C", "HTTP/2.0", "TLS/1.2"})
    EXPECT_EQ(ask(with("Connection: Upgrade\r\nUpgrade: " + std::string{offered} + "\r\n")).status,
              200U)
        << offered;
  EXPECT_EQ(ask(with("Upgrade: websocket\r\n")).status, 200U) << "not named in Connection";
}

TEST_F(filters_test, leave_a_change_of_protocols_to_a_route_that_has_one) {
  add("GET", "/x", true);
  EXPECT_EQ(ask(with("Connection: Upgrade\r\nUpgrade: websocket\r\n")).body, "served");
}

TEST_F(filters_test, have_the_envelope_of_the_route_whatever_its_path_is) {
  for (const bool openai : {true, false}) {
    route one;
    one.method = "GET";
    one.path = openai ? "/native" : "/v1/foreign";
    one.errors = openai ? http::error_dialect::openai : http::error_dialect::plain;
    one.metrics = &rig.metrics().route(one.path);
    one.handle = [](exchange& ex) { return ex.reply_error(response_detail::not_supported); };
    rig.table().add(std::move(one));
  }
  EXPECT_THAT(ask(get("/native")).body, HasSubstr("{\"error\":{\"message\":"));
  EXPECT_THAT(ask(get("/v1/foreign")).body, HasSubstr("{\"detail\":"));
}

} // namespace
} // namespace synapse::server
