// Ollama's own API, for whoever speaks only that.
#include "http/api/api_handlers.hpp"
#include "http/api/models/model_entries.hpp"
#include "http/api/ollama/ollama_dialect.hpp"
#include "http/api/request/body_reading.hpp"
#include "http/core/json/json_text.hpp"
#include "http/dialects/ollama/client/lists.hpp"
#include "http/proxy/forwarder.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

namespace synapse::api {

using http::response_detail;
using json = nlohmann::ordered_json;
namespace lists = http::ollama::client;
using lists::route;

namespace {
std::int64_t wall_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// A path that a route of the file has leads where that says, as it always has.
client::site_ptr routed(server::exchange& exchange) {
  return exchange.routes()->site_for_path(exchange.path());
}

net::task<void> ask(server::exchange& exchange, route by) {
  if (routed(exchange)) {
    co_await pass_through(exchange);
    co_return;
  }
  ollama_dialect dialect{exchange, by};
  co_await forward_in_dialect(exchange, dialect);
}

lists::listed_model listed(const json& entry) {
  lists::listed_model one;
  one.name = entry.value("id", std::string{});
  if (const auto made = entry.find("created"); made != entry.end() && made->is_number_integer())
    one.modified = made->get<std::int64_t>();
  const auto ours = entry.find("synapse");
  if (ours == entry.end() || !ours->is_object())
    return one;
  if (const auto context = ours->find("context"); context != ours->end() && context->is_number())
    one.context = context->get<std::uint64_t>();
  if (const auto loaded = ours->find("loaded"); loaded != ours->end() && loaded->is_boolean())
    one.loaded = loaded->get<bool>();
  if (const auto can = ours->find("capabilities"); can != ours->end() && can->is_array())
    for (const auto& what : *can)
      if (what.is_string())
        one.capabilities.push_back(what.get<std::string>());
  return one;
}

/// @returns false when the client has left.
net::task<bool> gather(server::exchange& exchange, std::vector<lists::listed_model>& into) {
  json entries;
  const bool stayed = co_await all_model_entries(exchange, entries);
  for (const auto& entry : entries)
    into.push_back(listed(entry));
  co_return stayed;
}

/// `m` means `m:latest`, and the other way round.
bool is_called(const std::string& name, std::string_view asked) {
  constexpr std::string_view latest = ":latest";
  return name == asked || name + std::string{latest} == asked ||
         std::string{asked} + std::string{latest} == name;
}

/// Servers that keep models of their own, by `?backend=` where there are several.
client::site_ptr chosen_server(server::exchange& exchange, std::string& why) {
  const auto& query = exchange.head().query;
  constexpr std::string_view key = "backend=";
  std::string_view named;
  for (std::size_t at = 0; at < query.size();) {
    const auto end = std::min(query.find('&', at), query.size());
    if (const auto one = query.substr(at, end - at); one.starts_with(key))
      named = one.substr(key.size());
    at = end + 1;
  }
  client::site_ptr found;
  std::string names;
  std::size_t count = 0;
  for (const auto& site : exchange.routes()->sites) {
    if (site->settings->type != config::backend_type::ollama)
      continue;
    ++count;
    names += (names.empty() ? "" : ", ") + site->name();
    if (named.empty() || site->name() == named)
      found = site;
  }
  if (count == 0)
    why = "no backend of the type ollama is configured";
  else if (!named.empty() && !found)
    why = "no backend of the type ollama is called that; there are: " + names;
  else if (named.empty() && count > 1)
    why = "several backends could do that; choose one by ?backend=: " + names;
  return why.empty() ? found : client::site_ptr{};
}
} // namespace

net::task<void> ollama_chat(server::exchange& exchange) {
  return ask(exchange, route::chat);
}

net::task<void> ollama_generate(server::exchange& exchange) {
  return ask(exchange, route::generate);
}

net::task<void> ollama_embed(server::exchange& exchange) {
  return ask(exchange, route::embed);
}

net::task<void> ollama_embeddings(server::exchange& exchange) {
  return ask(exchange, route::embeddings);
}

net::task<void> ollama_tags(server::exchange& exchange) {
  if (routed(exchange)) {
    co_await pass_through(exchange);
    co_return;
  }
  std::vector<lists::listed_model> models;
  const bool stayed = co_await gather(exchange, models);
  if (!stayed)
    co_return;
  const auto body = lists::tags_body(models);
  co_await exchange.reply(200, "application/json", body);
}

net::task<void> ollama_ps(server::exchange& exchange) {
  if (routed(exchange)) {
    co_await pass_through(exchange);
    co_return;
  }
  std::vector<lists::listed_model> models;
  const bool stayed = co_await gather(exchange, models);
  if (!stayed)
    co_return;
  const auto body = lists::ps_body(models, wall_seconds());
  co_await exchange.reply(200, "application/json", body);
}

net::task<void> ollama_show(server::exchange& exchange) {
  if (routed(exchange)) {
    co_await pass_through(exchange);
    co_return;
  }
  json asked;
  constexpr std::size_t most = std::size_t{64} * 1024;
  const bool read = co_await read_json_object(exchange, asked, most);
  if (!read)
    co_return;
  // Of old it was called `name`.
  const auto* key = asked.contains("model") ? "model" : "name";
  const auto given = asked.find(key);
  if (given == asked.end() || !given->is_string() || given->get<std::string>().empty()) {
    refusal why{response_detail::bad_request,
                given == asked.end() ? "is required" : "has to be a string that says something",
                "model"};
    co_await refuse(exchange, std::move(why));
    co_return;
  }
  const auto name = given->get<std::string>();
  std::vector<lists::listed_model> models;
  const bool stayed = co_await gather(exchange, models);
  if (!stayed)
    co_return;
  const auto found = std::find_if(models.begin(), models.end(),
                                  [&](const auto& one) { return is_called(one.name, name); });
  if (found == models.end()) {
    const auto message = "model '" + name + "' not found";
    co_await exchange.reply_error(response_detail::model_not_found, message);
    co_return;
  }
  const auto body = lists::show_body(*found);
  co_await exchange.reply(200, "application/json", body);
}

net::task<void> ollama_version(server::exchange& exchange) {
  if (routed(exchange)) {
    co_await pass_through(exchange);
    co_return;
  }
  const auto body = lists::version_body();
  co_await exchange.reply(200, "application/json", body);
}

net::task<void> ollama_keeping(server::exchange& exchange) {
  auto site = routed(exchange);
  std::string why;
  if (!site)
    site = chosen_server(exchange, why);
  if (!site) {
    co_await exchange.reply_error(why.starts_with("no backend of the type ollama is configured")
                                      ? response_detail::not_supported
                                      : response_detail::bad_request,
                                  why);
    co_return;
  }
  proxy::forward_options options;
  options.stream_body = true;
  options.target = exchange.path(); // `?backend=` is ours
  co_await proxy::forward(exchange, site, options);
}

} // namespace synapse::api
