#include "actors/gpus/servers/vllm_words.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace synapse::gpus {

namespace {

using actors::http_fault;
using actors::http_reply;
using nlohmann::json;

constexpr std::size_t longest_reason = 200;
constexpr std::size_t longest_name = 512;
constexpr double most_requests = 1e9;

bool has_no_route(const http_reply& reply) {
  return reply.status == 404 || reply.status == 405 || reply.status == 501;
}

std::string told(const http_reply& reply) {
  std::string text = "it answers " + std::to_string(reply.status);
  std::string words;
  for (const char c : std::string_view{reply.body}.substr(0, longest_reason))
    words += std::isprint(static_cast<unsigned char>(c)) != 0 ? c : ' ';
  return words.empty() ? text : text + ": " + words;
}

bool has_words(std::string_view text, std::string_view words) {
  return std::search(text.begin(), text.end(), words.begin(), words.end(), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == b;
         }) != text.end();
}

/// Of `name{labels} value …` or `name value …`, behind the name; nothing when it is none.
std::optional<double> value_behind(std::string_view rest) {
  if (!rest.empty() && rest.front() == '{') {
    bool quoted = false;
    std::size_t at = 1;
    for (; at < rest.size() && (quoted || rest[at] != '}'); ++at) {
      if (quoted && rest[at] == '\\')
        ++at;
      else if (rest[at] == '"')
        quoted = !quoted;
    }
    if (at >= rest.size())
      return {};
    rest.remove_prefix(at + 1);
  }
  const auto begin = rest.find_first_not_of(" \t");
  if (begin == std::string_view::npos || begin == 0)
    return {};
  rest.remove_prefix(begin);
  double value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  const bool whole =
      end == rest.data() + rest.size() || *end == ' ' || *end == '\t' || *end == '\r';
  if (error != std::errc{} || !whole || !std::isfinite(value) || value < 0 || value > most_requests)
    return {};
  return value;
}

struct gauge_sum {
  std::string_view name;
  double sum = 0;
  bool found = false;
  bool garbage = false;

  void look_at(std::string_view line) {
    if (!line.starts_with(name))
      return;
    line.remove_prefix(name.size());
    if (line.empty() || (line.front() != '{' && line.front() != ' ' && line.front() != '\t'))
      return; // a longer name
    if (const auto value = value_behind(line)) {
      sum += *value;
      found = true;
    } else {
      garbage = true;
    }
  }
  bool good() const { return found && !garbage; }
};

} // namespace

sighting read_sleeping(const http_reply& reply, std::string& why) {
  if (!reply.ok()) {
    why = reply.message;
    return reply.fault == http_fault::connect_failure ? sighting::gone : sighting::silent;
  }
  if (has_no_route(reply))
    return sighting::missing;
  if (reply.status == 200) {
    const auto body = json::parse(reply.body, nullptr, false);
    const auto found = body.is_object() ? body.find("is_sleeping") : body.end();
    if (body.is_object() && found != body.end() && found->is_boolean())
      return found->get<bool>() ? sighting::asleep : sighting::awake;
  }
  why = told(reply);
  return sighting::silent;
}

std::optional<std::uint64_t> read_requests(const http_reply& reply, std::string& why) {
  if (!reply.ok() || reply.status != 200) {
    why = reply.ok() ? told(reply) : reply.message;
    return {};
  }
  gauge_sum running{.name = "vllm:num_requests_running"};
  gauge_sum waiting{.name = "vllm:num_requests_waiting"};
  std::string_view rest{reply.body};
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    running.look_at(line);
    waiting.look_at(line);
  }
  if (!running.good() || !waiting.good()) {
    why = "its metrics do not tell how many requests it has";
    return {};
  }
  return static_cast<std::uint64_t>(std::ceil(running.sum + waiting.sum));
}

outcome read_outcome(const http_reply& reply, std::string& why) {
  if (!reply.ok()) {
    why = reply.message;
    return reply.fault == http_fault::connect_failure ? outcome::gone : outcome::silent;
  }
  if (reply.status >= 200 && reply.status < 300)
    return outcome::done;
  why = told(reply);
  if (has_no_route(reply))
    return outcome::missing;
  return has_words(reply.body, "out of memory") ? outcome::out_of_memory : outcome::refused;
}

std::string read_first_model(const http_reply& reply) {
  if (!reply.ok() || reply.status != 200)
    return {};
  const auto body = json::parse(reply.body, nullptr, false);
  if (!body.is_object())
    return {};
  const auto data = body.find("data");
  if (data == body.end() || !data->is_array() || data->empty() || !data->front().is_object())
    return {};
  const auto id = data->front().find("id");
  if (id == data->front().end() || !id->is_string())
    return {};
  auto name = id->get<std::string>();
  return name.size() <= longest_name ? name : std::string{};
}

} // namespace synapse::gpus
