// The terminal feed as its viewers get it.
#include "tests/observation/viewer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

namespace synapse::test {
namespace {

std::string lines_config() {
  return lonely_config();
}

/// All viewers on one thread: what one has seen, the desk of the other has.
std::string one_thread_config() {
  auto config = lonely_config();
  const auto at = config.find("threads: 2");
  EXPECT_NE(at, std::string::npos);
  config[at + 9] = '1';
  return config;
}

TEST(terminal, begins_with_meta_and_has_what_was_logged_before_and_what_is_logged_then) {
  const gateway_process gateway{lines_config(), live()};
  log_a_line(gateway, "req-before");
  viewer all{gateway};
  EXPECT_EQ(all.head().status, 200u);
  EXPECT_EQ(all.head().field("Content-Type"), "text/event-stream");
  EXPECT_EQ(all.head().field("Cache-Control"), "no-cache, no-transform");
  EXPECT_EQ(all.head().field("X-Accel-Buffering"), "no");
  ASSERT_TRUE(all.sees("req-before"));
  log_a_line(gateway, "req-after");
  ASSERT_TRUE(all.sees("req-after"));
  const auto items = all.items();
  EXPECT_EQ(items[0].event, "meta");
  EXPECT_EQ(items[0].data,
            nlohmann::json({{"instance", "gw-test"}, {"mode", "live"}, {"bus_mode", "local"}}));
  const auto lines = all.lines();
  EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const auto& one) {
    return one.message().find("listening on") != std::string::npos;
  })) << "what was logged before anybody could look is there, too";
  for (const auto& line : lines) {
    EXPECT_EQ(line.data["instance"], "gw-test");
    EXPECT_FALSE(line.data["source"].get<std::string>().empty());
    EXPECT_TRUE(line.data["ts"].get<std::string>().ends_with("Z"));
  }
  EXPECT_EQ(lines.back().data["level"], "WARNING");
  EXPECT_EQ(lines.back().data["source"], "request");
}

TEST(terminal, is_not_there_in_mock_mode) {
  auto how = live();
  how.environment["SYNAPSE_TERMINAL_FEED_MODE"] = "mock";
  const gateway_process gateway{lines_config(), how};
  EXPECT_EQ(gateway.get("/events/terminal", bearer).status, 404u);
  EXPECT_EQ(gateway.get("/events/terminal").status, 401u) << "the gate comes first";
}

TEST(terminal, is_behind_the_gate) {
  const gateway_process gateway{lines_config(), live()};
  EXPECT_EQ(gateway.get("/events/terminal").status, 401u);
  EXPECT_EQ(gateway.get("/events/terminal", "Authorization: Bearer no\r\n").status, 401u);
}

TEST(terminal, sends_what_the_filters_let_through) {
  const gateway_process gateway{one_thread_config(), live()};
  viewer warnings{gateway, "?level=WARNING&backlog=500"};
  viewer others{gateway, "?sources=gateway,nothing&backlog=500&level=debug"};
  log_a_line(gateway, "req-filtered");
  ASSERT_TRUE(warnings.sees("req-filtered"));
  for (const auto& line : warnings.lines())
    EXPECT_NE(line.data["level"], "INFO");
  gateway.signal(SIGHUP); // logs a line of the source `gateway`
  ASSERT_TRUE(others.sees("configuration reloaded")) << "and so all lines of the start are there";
  viewer none{gateway, "?backlog=0&sources=gateway"};
  gateway.signal(SIGHUP);
  ASSERT_TRUE(none.sees("configuration reloaded"));
  for (const auto& line : others.lines())
    EXPECT_EQ(line.data["source"], "gateway");
  EXPECT_EQ(none.lines().size(), 1u);
}

TEST(terminal, the_backlog_is_as_long_as_one_says) {
  const gateway_process gateway{one_thread_config(), live()};
  for (int i = 0; i < 5; ++i)
    log_a_line(gateway, "req-old-" + std::to_string(i));
  viewer watch{gateway, "?backlog=500"};
  ASSERT_TRUE(watch.sees("req-old-4")) << "the log writes behind the answers";
  viewer two{gateway, "?backlog=2&sources=request"};
  log_a_line(gateway, "req-new");
  ASSERT_TRUE(two.sees("req-new"));
  const auto lines = two.lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_NE(lines[0].message().find("req-old-3"), std::string::npos);
  EXPECT_NE(lines[1].message().find("req-old-4"), std::string::npos);
}

TEST(terminal, refuses_what_it_does_not_understand) {
  const gateway_process gateway{lines_config(), live()};
  for (const auto* query : {"?level=LOUD", "?backlog=many", "?backlog=-1", "?backlog=1e3",
                            "?backlog=99999999999999999999999"})
    EXPECT_EQ(gateway.get("/events/terminal" + std::string{query}, bearer).status, 400u) << query;
  EXPECT_EQ(gateway.get("/events/terminal?sources=" + std::string(300, 'x'), bearer).status, 400u);
  std::string many = "?sources=a";
  for (int i = 0; i < 40; ++i)
    many += ",s" + std::to_string(i);
  EXPECT_EQ(gateway.get("/events/terminal" + many, bearer).status, 400u);
}

TEST(terminal, goes_on_where_a_viewer_was) {
  const gateway_process gateway{one_thread_config(), live()};
  std::string last;
  {
    viewer first{gateway, "?sources=request"};
    log_a_line(gateway, "req-seen");
    ASSERT_TRUE(first.sees("req-seen"));
    last = first.lines().back().id;
  }
  log_a_line(gateway, "req-missed-1");
  log_a_line(gateway, "req-missed-2");
  viewer again{gateway, "?sources=request&backlog=500", "Last-Event-ID: " + last + "\r\n"};
  log_a_line(gateway, "req-live");
  ASSERT_TRUE(again.sees("req-live"));
  const auto lines = again.lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_NE(lines[0].message().find("req-missed-1"), std::string::npos);
  EXPECT_NE(lines[2].message().find("req-live"), std::string::npos);
  EXPECT_EQ(again.items()[1].event, "log") << "nothing was lost";
  // Ids that are not ours count for nothing.
  viewer odd{gateway, "?sources=request&backlog=1", "Last-Event-ID: 17\r\n"};
  log_a_line(gateway, "req-odd");
  ASSERT_TRUE(odd.sees("req-odd"));
  EXPECT_EQ(odd.lines().size(), 2u);
}

TEST(terminal, says_how_many_lines_a_returning_viewer_cannot_have_any_more) {
  const gateway_process gateway{one_thread_config(),
                                live({{"SYNAPSE_TERMINAL_FEED_BUFFER_SIZE", "3"}})};
  std::string last;
  {
    viewer first{gateway};
    log_a_line(gateway, "req-seen");
    ASSERT_TRUE(first.sees("req-seen"));
    last = first.lines().back().id;
  }
  viewer watch{gateway};
  for (int i = 0; i < 8; ++i)
    log_a_line(gateway, "req-missed-" + std::to_string(i));
  ASSERT_TRUE(watch.sees("req-missed-7"));
  viewer again{gateway, "", "Last-Event-ID: " + last + "\r\n"};
  ASSERT_TRUE(again.sees("req-missed-7"));
  const auto items = again.items();
  ASSERT_EQ(items[1].event, "dropped");
  EXPECT_EQ(items[1].data["count"], 5);
  EXPECT_EQ(again.lines().size(), 3u);
}

TEST(terminal, of_another_replica_goes_on_by_time) {
  const gateway_process one{lines_config(), live()};
  const gateway_process two{lines_config(), live()};
  std::string earlier;
  {
    viewer watch{two, "?sources=request"};
    log_a_line(two, "req-earlier");
    ASSERT_TRUE(watch.sees("req-earlier"));
    earlier = watch.lines().back().data["ts"];
  }
  std::string last;
  {
    viewer first{one, "?sources=request"};
    int tries = 0;
    // Times are told to the millisecond.
    ASSERT_TRUE(support::wait_until([&] {
      const auto id = "req-one-" + std::to_string(++tries) + ".";
      log_a_line(one, id);
      EXPECT_TRUE(first.sees(id));
      last = first.lines().back().id;
      return first.lines().back().data["ts"].get<std::string>() > earlier;
    }));
  }
  log_a_line(two, "req-later");
  viewer moved{two, "?sources=request&backlog=500", "Last-Event-ID: " + last + "\r\n"};
  ASSERT_TRUE(moved.sees("req-later"));
  EXPECT_EQ(moved.reply().body.find("req-earlier"), std::string::npos);
}

TEST(terminal, a_silent_feed_keeps_its_connections_alive) {
  const gateway_process gateway{lines_config(),
                                live({{"SYNAPSE_TERMINAL_FEED_KEEPALIVE_SECONDS", "1"}})};
  viewer quiet{gateway, "?backlog=0&level=CRITICAL"};
  EXPECT_TRUE(quiet.sees(": keepalive\n\n: keepalive\n\n"));
}

TEST(terminal, a_viewer_that_does_not_read_loses_lines_and_nobody_else_does) {
  // How long it may go without reading is not the subject, and slow builds take their time here.
  const gateway_process gateway{lonely_config("limits: {write_timeout: 1h}\n"),
                                live({{"SYNAPSE_TERMINAL_FEED_SUBSCRIBER_QUEUE_SIZE", "1000"}})};
  support::client_options narrow;
  narrow.receive_buffer = 4096;
  viewer slow{gateway, "?backlog=0&sources=request", {}, narrow};
  viewer quick{gateway, "?backlog=0&sources=request"};
  // More than sockets hold, until lines are lost: long lines, so that fewer do.
  const std::string padding(100, 'x');
  const auto id_of = [&](int number) { return "n" + std::to_string(number) + padding; };
  int count = 0;
  auto client = gateway.connect();
  while (count < 13'000) {
    for (int i = 0; i < 200; ++i, ++count) {
      client.send(support::request_bytes("POST", integration::chat_path, integration::chat_body,
                                         std::string{integration::json_type} +
                                             "X-Request-Id: " + id_of(count) + "\r\n"));
      ASSERT_EQ(client.read_reply().status, 503u);
    }
    ASSERT_TRUE(quick.sees("request " + id_of(count - 1) + ":"));
  }
  // Whoever sees this one has all before it to their ends.
  log_a_line(gateway, "tail");
  ASSERT_TRUE(quick.sees("request tail:"));
  auto seen = quick.lines();
  std::erase_if(seen, [](const auto& one) { return one.message().starts_with("request tail"); });
  ASSERT_EQ(static_cast<int>(seen.size()), count);
  for (int i = 0; i < count; ++i)
    ASSERT_TRUE(
        seen[static_cast<std::size_t>(i)].message().starts_with("request " + id_of(i) + ":"));
  // Now the slow one reads: what it was sent, what it lost, and the newest lines.
  ASSERT_TRUE(slow.sees("request tail:"));
  std::uint64_t got = 0, dropped = 0;
  int last = -1;
  for (const auto& item : slow.items()) {
    if (item.event == "dropped")
      dropped += item.data["count"].get<std::uint64_t>();
    if (item.event != "log" || item.message().starts_with("request tail"))
      continue;
    ++got;
    const auto number = std::stoi(item.message().substr(9));
    EXPECT_GT(number, last);
    last = number;
  }
  std::printf("%llu lines got, %llu lost, %zu bytes\n", static_cast<unsigned long long>(got),
              static_cast<unsigned long long>(dropped), slow.reply().body.size());
  EXPECT_GT(dropped, 0u);
  EXPECT_EQ(got + dropped, static_cast<std::uint64_t>(count));
  EXPECT_TRUE(gateway.wait_for_metric("synapse_feed_lines_dropped_total", R"(where="viewer")",
                                      static_cast<double>(dropped)));
}

TEST(terminal, hides_secrets_of_every_shape) {
  // In a path they reach the log.
  const gateway_process gateway{
      lines_config(), live({{"SYNAPSE_TERMINAL_FEED_REDACT_EXTRA_PATTERNS", "canary-[a-z]+||("}})};
  viewer all{gateway, "?level=DEBUG&backlog=500"};
  for (const auto* id :
       {"api_key=CANARY1", "token:CANARY2", "password=CANARY3", "Bearer-CANARY4", "canary-abc"}) {
    auto client = gateway.connect();
    client.send(support::request_bytes(
        "POST", integration::chat_path, integration::chat_body,
        std::string{integration::json_type} + "X-Request-Id: " + id + "\r\n" +
            "Authorization: Bearer CANARY5\r\nCookie: session=CANARY6\r\n"));
    client.read_reply();
  }
  log_a_line(gateway, "req-end");
  ASSERT_TRUE(all.sees("req-end"));
  for (const auto& secret :
       {"CANARY1", "CANARY2", "CANARY3", "CANARY5", "CANARY6", "canary-abc", token.data()})
    EXPECT_EQ(all.reply().body.find(secret), std::string::npos) << secret;
  EXPECT_TRUE(gateway.wait_for_log("pattern 2")) << "an invalid one is reported";
  EXPECT_EQ(gateway.err().find("CANARY1"), std::string::npos);
}

TEST(terminal, long_and_binary_lines_stay_one_event) {
  const gateway_process gateway{lines_config(),
                                live({{"SYNAPSE_TERMINAL_FEED_MAX_LINE_CHARS", "100"}})};
  viewer all{gateway, "?backlog=0"};
  // What a backend said goes into the log: one that answers with a megabyte of anything.
  std::string garbage(1024 * 1024, '\x1b');
  for (std::size_t i = 0; i < garbage.size(); i += 3)
    garbage[i] = static_cast<char>(i);
  support::scripted_upstream odd{
      support::answer_each([&](const support::upstream_request&) { return garbage; })};
  const gateway_process other{integration::config_with(integration::backend(
                                  "llama-router", odd.url(), "retry: {attempts: 1}")),
                              live({{"SYNAPSE_TERMINAL_FEED_MAX_LINE_CHARS", "100"}})};
  viewer its{other, "?backlog=0&sources=request"};
  auto client = other.connect();
  client.send(support::request_bytes("POST", integration::chat_path, integration::chat_body,
                                     integration::json_type));
  EXPECT_EQ(client.read_reply().status, 502u);
  ASSERT_TRUE(its.sees("event: log"));
  ASSERT_TRUE(its.sees("\n\n"));
  for (const auto& line : its.lines()) {
    EXPECT_FALSE(line.data.is_discarded());
    EXPECT_LT(line.message().size(), 600u);
  }
}

TEST(terminal, ends_well_when_the_gateway_stops) {
  gateway_process gateway{lines_config(), live()};
  viewer one{gateway};
  ASSERT_TRUE(one.sees("listening on"));
  gateway.signal(SIGTERM);
  one.client().read_rest(one.reply());
  EXPECT_TRUE(one.reply().complete()) << "an answer that is whole: the browser comes back";
  EXPECT_EQ(gateway.wait_exit(), 0);
}

TEST(terminal, ends_with_the_session_it_was_opened_in) {
  const gateway_process gateway{lines_config(), live()};
  const auto login = gateway.get("/dashboard/login?access_token=" + std::string{token});
  const auto cookie = login.field("Set-Cookie");
  const auto fields = "Cookie: " + cookie.substr(0, cookie.find(';')) + "\r\n";
  auto client = gateway.connect();
  client.send("GET /events/terminal HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
  auto reply = client.read_head();
  ASSERT_TRUE(client.read_until(reply, "listening on"));
  auto other = gateway.connect();
  other.send(support::request_bytes("POST", "/dashboard/logout", "",
                                    fields + "X-Synapse-Dashboard: 1\r\n"));
  EXPECT_EQ(other.read_reply().status, 204u);
  client.read_rest(reply);
  EXPECT_TRUE(reply.complete());
}

TEST(terminal, answers_a_head_as_the_stream_begins_and_takes_no_body) {
  const gateway_process gateway{lines_config(), live()};
  auto client = gateway.connect();
  client.send("HEAD /events/terminal HTTP/1.1\r\nHost: localhost\r\n" + std::string{bearer} +
              "\r\n");
  const auto head = client.read_reply(true);
  EXPECT_EQ(head.status, 200u);
  EXPECT_EQ(head.field("Content-Length"), "");
  client.send("GET /events/terminal HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n" +
              std::string{bearer} + "\r\n{}");
  EXPECT_EQ(client.read_reply().status, 400u);
}

TEST(terminal, an_old_client_gets_it_without_chunks) {
  const gateway_process gateway{lines_config(), live()};
  auto client = gateway.connect();
  client.send("GET /events/terminal HTTP/1.0\r\nHost: 127.0.0.1\r\n" + std::string{bearer} +
              "\r\n");
  auto reply = client.read_head();
  EXPECT_FALSE(reply.chunked);
  EXPECT_TRUE(client.read_until(reply, "listening on"));
}

TEST(terminal, viewers_that_leave_are_forgotten) {
  const gateway_process gateway{lines_config(), live()};
  {
    std::vector<viewer> some;
    for (int i = 0; i < 20; ++i)
      some.emplace_back(gateway);
    EXPECT_TRUE(gateway.wait_for_metric("synapse_feed_viewers", "", 20));
  }
  log_a_line(gateway, "req-x");
  EXPECT_TRUE(gateway.wait_for_metric("synapse_feed_viewers", "", 0));
}

} // namespace
} // namespace synapse::test
