#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <thread>

namespace synapse::deployed {

using nlohmann::json;

// ---- model servers ------------------------------------------------------------------------------

model_server::model_server(std::string name, deed first)
    : name_(std::move(name)), deed_(std::move(first)) {
  rise();
}

void model_server::now(deed what) {
  const std::lock_guard lock{mutex_};
  deed_ = std::move(what);
}

std::vector<upstream_request> model_server::requests() const {
  const std::lock_guard lock{mutex_};
  return requests_;
}

void model_server::die() {
  upstream_.reset();
}

void model_server::rise() {
  scripted_upstream::options how;
  how.port = port_;
  upstream_ = std::make_unique<scripted_upstream>(
      [this](upstream_connection& connection) { serve(connection); }, how);
  port_ = upstream_->port();
}

void model_server::serve(upstream_connection& connection) {
  while (const auto request = connection.read_request(milliseconds{600'000})) {
    if (request->method != "POST" || request->target == "/api/show") {
      if (!connection.reply(200, R"({"object":"list","data":[]})"))
        return;
      continue;
    }
    deed what;
    {
      const std::lock_guard lock{mutex_};
      requests_.push_back(*request);
      what = deed_;
    }
    ++at_work_;
    ++asked_;
    const bool goes_on = what(connection, *request);
    --at_work_;
    if (!goes_on)
      return;
  }
}

// ---- deeds --------------------------------------------------------------------------------------

deed answer_with(std::string text) {
  return
      [text = std::move(text)](upstream_connection& connection, const upstream_request& request) {
        if (request.body.find("\"stream\":true") != std::string::npos)
          return connection.send(chunked_stream(completion_events(text)));
        return connection.reply(200, completion(text));
      };
}

deed answer_status(unsigned status, std::string body, std::string fields, std::string type) {
  return [=](upstream_connection& connection, const upstream_request&) {
    return connection.reply(status, body, type, fields);
  };
}

deed send_and_close(std::string bytes) {
  return [bytes = std::move(bytes)](upstream_connection& connection, const upstream_request&) {
    connection.send(bytes);
    return false;
  };
}

deed hang() {
  return [](upstream_connection& connection, const upstream_request&) {
    connection.wait_until_peer_closes();
    return false;
  };
}

deed hang_up() {
  return send_and_close("");
}

// ---- texts --------------------------------------------------------------------------------------

std::string completion(std::string_view text) {
  const json message{{"role", "assistant"}, {"content", text}};
  return json{{"id", "c"},
              {"object", "chat.completion"},
              {"model", "its-own"},
              {"choices", {{{"index", 0}, {"message", message}, {"finish_reason", "stop"}}}},
              {"usage", {{"prompt_tokens", 3}, {"completion_tokens", 2}, {"total_tokens", 5}}}}
      .dump();
}

std::string error_body(std::string_view message, std::string_view code) {
  json error{{"message", message}, {"type", "t"}, {"param", nullptr}};
  error["code"] = code.empty() ? json() : json(code);
  return json{{"error", error}}.dump();
}

namespace {
std::string delta_event(const json& delta, const json& finish) {
  const json chunk{{"object", "chat.completion.chunk"},
                   {"choices", {{{"index", 0}, {"delta", delta}, {"finish_reason", finish}}}}};
  return "data: " + chunk.dump() + "\n\n";
}
} // namespace

std::string completion_events(std::string_view text) {
  return delta_event({{"role", "assistant"}}, nullptr) + delta_event({{"content", text}}, nullptr) +
         delta_event({{"content", "!"}}, nullptr) + delta_event(json::object(), "stop") +
         "data: [DONE]\n\n";
}

std::string chunked_stream(std::string_view payload) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: "
         "chunked\r\n\r\n" +
         chunk(payload) + "0\r\n\r\n";
}

// ---- the gateway --------------------------------------------------------------------------------

std::string config_of(const std::vector<backend_line>& backends, std::string_view catalog) {
  std::string text = "threads: 2\ndrain: {limit: 2s}\nbackends:\n";
  for (const auto& one : backends)
    text += "  " + one.name + ": {url: \"" + one.url + "\"" + one.more + "}\n";
  return text.append(catalog);
}

std::string config_for(const std::vector<const model_server*>& servers, bool tiers,
                       std::string_view more, std::string_view routing) {
  std::vector<backend_line> backends;
  std::string catalog = "catalog:\n  m:\n    affinity: none\n    deployments:\n";
  unsigned order = 1;
  for (const auto* server : servers) {
    backends.push_back(
        {server->name(), server->url(), ", type: openai-compatible" + std::string{more}});
    catalog += "      - {backend: " + server->name() + ", model: " + server->name() +
               "-model, order: " + std::to_string(tiers ? order++ : 1) + "}\n";
  }
  if (!routing.empty())
    catalog.append("routing: ").append(routing).append("\n");
  return config_of(backends, catalog);
}

std::string chat_body(std::string_view model, bool stream, std::string_view text) {
  return json{
      {"model", model}, {"messages", {{{"role", "user"}, {"content", text}}}}, {"stream", stream}}
      .dump();
}

http_reply chat(const gateway_process& gateway, std::string_view fields, std::string_view model,
                bool stream) {
  return gateway.post(chat_path, chat_body(model, stream),
                      "Content-Type: application/json\r\n" + std::string{fields});
}

std::string content_of(const http_reply& reply) {
  std::string text;
  const auto add = [&](const json& answer, const char* where) {
    const auto choices = answer.value("choices", json::array());
    if (!choices.empty() && choices[0].contains(where) && choices[0][where].contains("content") &&
        choices[0][where]["content"].is_string())
      text += choices[0][where]["content"].get<std::string>();
  };
  if (const auto whole = json::parse(reply.body, nullptr, false); whole.is_object()) {
    add(whole, "message");
    return text;
  }
  for (std::size_t at = 0; (at = reply.body.find("data: {", at)) != std::string::npos; ++at) {
    const auto end = reply.body.find('\n', at);
    const auto event = json::parse(reply.body.substr(at + 6, end - at - 6), nullptr, false);
    if (event.is_object())
      add(event, "delta");
  }
  return text;
}

std::string error_code_of(const http_reply& reply) {
  const auto body = json::parse(reply.body, nullptr, false);
  if (!body.is_object() || !body.contains("error") || !body["error"].is_object())
    return {};
  const auto& code = body["error"].contains("code") ? body["error"]["code"] : json();
  return code.is_string() ? code.get<std::string>() : std::string{"?"};
}

void expect_at_rest(const gateway_process& gateway, const std::vector<std::string>& backends) {
  for (const auto& name : backends)
    for (const auto* what : {"synapse_upstream_in_flight", "synapse_upstream_waiting"})
      EXPECT_TRUE(gateway.wait_for_metric(what, "backend=\"" + name + "\"", 0)) << what << name;
  EXPECT_TRUE(gateway.wait_for_metric("synapse_requests_in_flight",
                                      "route=\"" + std::string{chat_path} + "\"", 0));
}

void in_parallel(std::size_t count, std::size_t at_once,
                 const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min(count, at_once); ++i)
    threads.emplace_back([&] {
      for (std::size_t item; (item = next++) < count;)
        work(item);
    });
  for (auto& thread : threads)
    thread.join();
}

} // namespace synapse::deployed
