/// @file
/// A viewer of the terminal feed, and gateways that serve it.
#pragma once

#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace synapse::test {

using support::gateway_process;
using support::http_reply;

inline constexpr std::string_view token = "s3cret-dashboard-token";
inline constexpr std::string_view bearer = "Authorization: Bearer s3cret-dashboard-token\r\n";

inline gateway_process::options live(std::map<std::string, std::string> more = {}) {
  gateway_process::options how;
  how.environment = std::move(more);
  how.environment.emplace("SYNAPSE_DASHBOARD_ACCESS_TOKEN", token);
  how.environment.emplace("SYNAPSE_TERMINAL_FEED_MODE", "live");
  how.environment.emplace("SYNAPSE_INSTANCE_ID", "gw-test");
  return how;
}

/// A gateway whose backend is not there: a chat fails, and that is logged at WARNING.
inline std::string lonely_config(std::string_view top = {}) {
  return integration::config_with(
      integration::backend("llama-router", "http://127.0.0.1:9",
                           "retry: {attempts: 1}, breaker: {enabled: false}"),
      top);
}

/// One server-sent event.
struct feed_item {
  std::string id;
  std::string event;
  nlohmann::json data;
  std::string message() const { return data.value("message", std::string{}); }
};

class viewer {
public:
  explicit viewer(const gateway_process& gateway, const std::string& query = {},
                  std::string_view fields = {}, support::client_options how = {})
      : client_(gateway.connect(how)) {
    client_.send("GET /events/terminal" + query + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
                 std::string{bearer} + std::string{fields} + "\r\n");
    reply_ = client_.read_head();
  }

  const http_reply& head() const { return reply_; }
  http_reply& reply() { return reply_; }
  support::raw_client& client() { return client_; }
  /// Waits until a text has come, and all of the event that it is in.
  bool sees(std::string_view text) {
    return client_.read_until(reply_, text) &&
           client_.read_until(reply_, "\n\n", reply_.body.find(text));
  }
  /// What has come so far, comments left out.
  std::vector<feed_item> items() const {
    std::vector<feed_item> result;
    std::string_view rest = reply_.body;
    for (auto end = rest.find("\n\n"); end != std::string_view::npos; end = rest.find("\n\n")) {
      const auto block = rest.substr(0, end);
      rest.remove_prefix(end + 2);
      feed_item item;
      std::string data;
      for (std::size_t at = 0; at < block.size();) {
        const auto stop = std::min(block.find('\n', at), block.size());
        const auto line = block.substr(at, stop - at);
        at = stop + 1;
        if (line.starts_with("id: "))
          item.id = line.substr(4);
        else if (line.starts_with("event: "))
          item.event = line.substr(7);
        else if (line.starts_with("data: "))
          data = line.substr(6);
      }
      if (item.event.empty())
        continue;
      item.data = nlohmann::json::parse(data, nullptr, false);
      result.push_back(std::move(item));
    }
    return result;
  }
  std::vector<feed_item> lines() const {
    auto all = items();
    std::erase_if(all, [](const feed_item& one) { return one.event != "log"; });
    return all;
  }

private:
  support::raw_client client_;
  http_reply reply_;
};

inline http_reply ask(const gateway_process& gateway, std::string_view method,
                      const std::string& path, const std::string& fields,
                      const std::string& body = {}) {
  auto client = gateway.connect();
  client.send(support::request_bytes(method, path, body, fields));
  return client.read_reply();
}

/// A question that only the dashboard may ask.
inline nlohmann::json get_json(const gateway_process& gateway, const std::string& path) {
  const auto reply = gateway.get(path, bearer);
  EXPECT_EQ(reply.status, 200u) << path << ' ' << reply.body;
  return nlohmann::json::parse(reply.body, nullptr, false);
}

/// Has a line logged that names `id`.
inline void log_a_line(const gateway_process& gateway, const std::string& id) {
  const auto reply =
      gateway.post(integration::chat_path, integration::chat_body,
                   std::string{integration::json_type} + "X-Request-Id: " + id + "\r\n");
  EXPECT_EQ(reply.status, 503u) << reply.body;
}

} // namespace synapse::test
