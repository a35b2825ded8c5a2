// Requests that have ended, as people look at them afterwards.
#include "tests/observation/viewer.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace synapse::test {
namespace {

using json = nlohmann::json;

json finished(const gateway_process& gateway, const std::string& query = {}) {
  return get_json(gateway, "/api/requests/finished" + query);
}

/// Waits until a request of that id is there.
json wait_for_finished(const gateway_process& gateway, const std::string& id) {
  json found;
  EXPECT_TRUE(support::wait_until([&] {
    const auto all = finished(gateway, "?id=" + id)["requests"];
    if (!all.empty())
      found = all[0];
    return !found.is_null();
  })) << id;
  return found;
}

std::string with_id(const std::string& id) {
  return std::string{integration::json_type} + "X-Request-Id: " + id + "\r\n";
}

/// A stream that tells its token counts at its end.
support::scripted_upstream::script counted_stream() {
  return support::answer_each([](const support::upstream_request&) {
    const std::string events =
        integration::content_event +
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":5}}\n\n" +
        integration::done_event;
    return support::answer_bytes(200, events, "text/event-stream");
  });
}

/// Answers health checks and leaves everything else waiting.
support::scripted_upstream::script healthy_but_silent() {
  return [](support::upstream_connection& connection) {
    while (const auto request = connection.read_request()) {
      if (request->method != "GET") {
        connection.wait_until_peer_closes();
        return;
      }
      connection.send(support::answer_bytes(200, "{}"));
    }
  };
}

/// Answers with the beginning of a stream, or of something else.
support::scripted_upstream::script answers_that_break_off() {
  return [](support::upstream_connection& connection) {
    while (const auto request = connection.read_request()) {
      if (request->method == "GET") {
        connection.send(support::answer_bytes(200, "{}"));
        continue;
      }
      if (request->body.find("\"stream\":true") != std::string::npos) {
        connection.begin_chunked();
        connection.send_chunk(integration::content_event);
      } else {
        connection.send(
            "HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 100\r\n\r\na,b");
      }
      connection.close();
      return;
    }
  };
}

/// Waits until the gateway has a chat in hand.
bool has_a_chat(const gateway_process& gateway) {
  return gateway.wait_for_metric("synapse_requests_in_flight", R"(route="/v1/chat/completions")",
                                 1);
}

TEST(finished_requests, tell_what_was_asked_and_what_came_of_it) {
  support::scripted_upstream upstream{counted_stream()};
  const gateway_process gateway{integration::chat_config(upstream), live()};
  const std::string body = R"({"model":"m","stream":true,"messages":[]})";
  EXPECT_EQ(gateway.post(integration::chat_path, body, with_id("streamed")).status, 200u);
  const auto one = wait_for_finished(gateway, "streamed");
  EXPECT_EQ(one["method"], "POST");
  EXPECT_EQ(one["route"], integration::chat_path);
  EXPECT_EQ(one["model"], "m");
  EXPECT_EQ(one["backend"], "llama-router");
  EXPECT_EQ(one["client"], "127.0.0.1");
  EXPECT_EQ(one["status"], 200);
  EXPECT_EQ(one["outcome"], "good");
  EXPECT_EQ(one["stream"], "complete");
  EXPECT_EQ(one["attempts"], 1);
  EXPECT_EQ(one["prompt_tokens"], 11);
  EXPECT_EQ(one["completion_tokens"], 5);
  EXPECT_GT(one["ended_at"].get<std::int64_t>(), 1'600'000'000'000);
  const auto total = one["duration_ms"].get<double>();
  EXPECT_GT(total, 0);
  EXPECT_LE(one["overhead_ms"].get<double>(), total);
  EXPECT_LE(one["first_byte_ms"].get<double>(), total);
  EXPECT_GT(one["bytes_in"].get<int>(), static_cast<int>(body.size()));
  EXPECT_GT(one["bytes_out"].get<int>(), 0);
}

TEST(finished_requests, have_the_tokens_of_whole_answers_small_and_large) {
  for (const std::size_t size : {std::size_t{3}, std::size_t{200'000}}) {
    support::scripted_upstream upstream{support::answer_each([&](const support::upstream_request&) {
      return support::answer_bytes(200, R"({"choices":[{"message":{"content":")" +
                                            std::string(size, 'x') +
                                            R"("}}],"usage":{"prompt_tokens":7,)"
                                            R"("completion_tokens":9}})");
    })};
    const gateway_process gateway{integration::chat_config(upstream), live()};
    EXPECT_EQ(gateway.post(integration::chat_path, integration::chat_body, with_id("whole")).status,
              200u);
    const auto one = wait_for_finished(gateway, "whole");
    EXPECT_EQ(one["prompt_tokens"], 7) << size;
    EXPECT_EQ(one["completion_tokens"], 9) << size;
  }
}

TEST(finished_requests, are_those_of_people_and_of_no_secret) {
  const gateway_process gateway{lonely_config(), live()};
  gateway.get("/nowhere?api_key=canary", with_id("lost"));
  gateway.get("/health");
  get_json(gateway, "/api/overview");
  const auto lost = wait_for_finished(gateway, "lost");
  EXPECT_EQ(lost["path"], "/nowhere");
  EXPECT_EQ(lost["status"], 404);
  EXPECT_EQ(lost["outcome"], "client_error");
  EXPECT_EQ(lost["attempts"], 0);
  EXPECT_TRUE(lost["prompt_tokens"].is_null());
  const auto all = finished(gateway);
  EXPECT_EQ(all["kept"], 1) << all;
  EXPECT_EQ(all.dump().find("canary"), std::string::npos);
  EXPECT_EQ(gateway.get("/api/requests/finished?limit=0", bearer).status, 400u);
}

TEST(finished_requests, are_chosen_by_what_they_are) {
  support::scripted_upstream upstream{integration::echo()};
  const gateway_process gateway{integration::chat_config(upstream), live()};
  gateway.post(integration::chat_path, integration::chat_body, with_id("good"));
  gateway.post(integration::chat_path, "{", with_id("broken"));
  wait_for_finished(gateway, "good");
  wait_for_finished(gateway, "broken");
  const auto bad = finished(gateway, "?status=4xx");
  ASSERT_EQ(bad["requests"].size(), 1u);
  EXPECT_EQ(bad["requests"][0]["id"], "broken");
  EXPECT_EQ(bad["requests"][0]["detail"], "invalid_json");
  EXPECT_EQ(bad["kept"], 2);
  EXPECT_EQ(finished(gateway, "?model=m&limit=1")["matching"], 1);
  EXPECT_EQ(bad["routes"], json::array({integration::chat_path}));
  EXPECT_EQ(bad["models"], json::array({"m"}));
}

TEST(finished_requests, have_clients_that_leave_as_a_class_of_their_own) {
  support::scripted_upstream upstream{healthy_but_silent()};
  const gateway_process gateway{integration::chat_config(upstream), live()};
  {
    auto client = gateway.connect();
    client.send(support::request_bytes("POST", integration::chat_path, integration::chat_body,
                                       with_id("impatient")));
    EXPECT_TRUE(has_a_chat(gateway));
  }
  const auto one = wait_for_finished(gateway, "impatient");
  EXPECT_EQ(one["status"], 499);
  EXPECT_EQ(one["outcome"], "left");
  EXPECT_EQ(finished(gateway, "?status=left")["matching"], 1);
  EXPECT_EQ(finished(gateway, "?status=error")["matching"], 0);
  // One line, and no alarm.
  EXPECT_TRUE(
      support::wait_until([&] { return gateway.out().find("id=impatient") != std::string::npos; }));
  const auto log = gateway.out();
  const auto at = log.find("id=impatient");
  const auto begin = log.rfind("level=", at);
  EXPECT_EQ(log.substr(begin, at - begin), "level=info ");
  EXPECT_EQ(gateway.err().find("impatient"), std::string::npos) << gateway.err();
}

TEST(finished_requests, that_broke_off_are_errors_whatever_their_status_was) {
  support::scripted_upstream upstream{answers_that_break_off()};
  const gateway_process gateway{integration::chat_config(upstream), live()};
  for (const std::string& id : {std::string{"stream"}, std::string{"sound"}}) {
    const std::string body = id == "stream"
                                 ? std::string{R"({"model":"m","stream":true,"messages":[]})"}
                                 : std::string{integration::chat_body};
    auto client = gateway.connect();
    client.send(support::request_bytes("POST", integration::chat_path, body, with_id(id)));
    client.read_reply();
    const auto one = wait_for_finished(gateway, id);
    EXPECT_EQ(one["status"], 200) << id;
    EXPECT_EQ(one["outcome"], "server_error") << id;
  }
  EXPECT_EQ(finished(gateway, "?status=error")["matching"], 2);
  // One whose client leaves is in a class of its own, in the charts as well.
  upstream.set_script(healthy_but_silent());
  {
    auto client = gateway.connect();
    client.send(support::request_bytes("POST", integration::chat_path, integration::chat_body,
                                       integration::json_type));
    EXPECT_TRUE(has_a_chat(gateway));
  }
  int errors = 0;
  int left = 0;
  int requests = 0;
  EXPECT_TRUE(support::wait_until([&] {
    errors = left = requests = 0;
    const auto overview = get_json(gateway, "/api/overview"); // outlives the loop
    for (const auto& sample : overview["samples"]) {
      requests += sample["requests"].get<int>();
      left += sample["left"].get<int>();
      errors += sample["client_errors"].get<int>() + sample["server_errors"].get<int>();
    }
    return requests == 3;
  }));
  EXPECT_EQ(errors, 2);
  EXPECT_EQ(left, 1);
}

TEST(finished_requests, count_among_those_in_flight_only_what_people_ask) {
  support::scripted_upstream upstream{healthy_but_silent()};
  const gateway_process gateway{integration::chat_config(upstream), live()};
  const viewer on_looker{gateway}; // looks on for as long as the test lasts
  EXPECT_EQ(on_looker.head().status, 200u);
  EXPECT_EQ(get_json(gateway, "/api/overview")["in_flight"], 0);
  auto all = get_json(gateway, "/api/requests");
  EXPECT_EQ(all["total"], 0) << all;
  EXPECT_TRUE(all["requests"].empty()) << all;
  auto client = gateway.connect();
  client.send(support::request_bytes("POST", integration::chat_path, integration::chat_body,
                                     with_id("waiting")));
  EXPECT_TRUE(has_a_chat(gateway));
  EXPECT_EQ(get_json(gateway, "/api/overview")["in_flight"], 1);
  all = get_json(gateway, "/api/requests");
  EXPECT_EQ(all["total"], 1);
  ASSERT_EQ(all["requests"].size(), 1u);
  EXPECT_EQ(all["requests"][0]["id"], "waiting");
}

TEST(finished_requests, are_summed_by_route_with_honest_times) {
  support::scripted_upstream upstream{integration::echo()};
  const gateway_process gateway{integration::chat_config(upstream), live()};
  gateway.post(integration::chat_path, integration::chat_body, integration::json_type);
  gateway.get("/nowhere");
  json routes;
  EXPECT_TRUE(support::wait_until([&] {
    routes = get_json(gateway, "/api/overview")["routes"];
    return !routes.empty();
  }));
  ASSERT_EQ(routes.size(), 2u) << routes;
  for (const auto& one : routes) {
    EXPECT_EQ(one["requests"], 1);
    if (one["route"] != integration::chat_path)
      continue;
    ASSERT_TRUE(one["duration_ms"].is_object()) << "a lone request has percentiles, too";
    EXPECT_EQ(one["duration_ms"]["p50"], one["duration_ms"]["p99"]);
    EXPECT_EQ(get_json(gateway, "/api/overview")["samples"][0]["requests"], 2)
        << "the dashboard's own questions do not count";
    const auto sample = get_json(gateway, "/api/overview?route=/v1/chat/completions")["samples"];
    ASSERT_EQ(sample.size(), 1u) << sample;
    EXPECT_EQ(sample[0]["requests"], 1);
    EXPECT_EQ(sample[0]["duration_ms"], one["duration_ms"]);
  }
}

} // namespace
} // namespace synapse::test
