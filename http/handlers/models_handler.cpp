#include "actors/runtime/ask.hpp"
#include "http/client/fetch.hpp"
#include "http/core/local_reply.hpp"
#include "http/handlers/api_handlers.hpp"
#include "http/handlers/model_list.hpp"
#include "http/handlers/model_questions.hpp"
#include "http/handlers/refusal.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

namespace synapse::handlers {

namespace {
using json = nlohmann::ordered_json;

constexpr net::time_ns merge_patience = 5'000'000'000;

/// What the backends have answered so far; shared with the fetches, which may outlive the request.
struct gathering : net::local_counted {
  struct answer {
    client::site_ptr site;
    client::fetch_result result;
    std::string refused; ///< why it was not asked
  };
  std::vector<answer> answers;
  std::size_t open = 0;
  net::wake_ptr wake;

  void one_done() {
    if (--open == 0) {
      auto waiter = wake;
      waiter->notify();
    }
  }
};

client::fetch_request list_request(const client::backend_site& site, server::exchange& exchange) {
  client::fetch_request request;
  request.target = site.settings->url.base_path + "/v1/models";
  request.authority = site.authority;
  request.fields = "X-Request-Id: " + std::string{exchange.id()} + "\r\n";
  const auto authorization = exchange.head().fields.value_of(http::known_field::authorization);
  if (!site.entry->bearer.empty())
    request.fields += "Authorization: Bearer " + site.entry->bearer + "\r\n";
  else if (site.settings->authorization.forward && !authorization.empty())
    request.fields += "Authorization: " + std::string{authorization} + "\r\n";
  request.deadline = net::io_thread::now() + merge_patience;
  request.max_body = 8 * 1024 * 1024;
  return request;
}

net::task<void> fetch_list(net::local_ptr<gathering> all, std::size_t index,
                           net::tcp::endpoint address, std::uint64_t permit,
                           client::fetch_request request) {
  const auto site = all->answers[index].site;
  auto result = co_await client::fetch(*site->pool, address, std::move(request));
  auto told = actors::attempt_result::ok;
  if (result.error == client::fetch_error::connect_failure)
    told = actors::attempt_result::connect_failure;
  else if (result.error == client::fetch_error::reset)
    told = actors::attempt_result::reset_before_head;
  else if (!result.ok())
    told = actors::attempt_result::response_timeout;
  caf::anon_send(site->lane, actors::outcome(permit, told));
  all->answers[index].result = std::move(result);
  all->one_done();
}

/// Asks every backend that lists models; the ones that do not answer are left out and logged.
/// @returns false when the client has left.
net::task<bool> gather(server::exchange& exchange, merged_list& models) {
  auto all = net::make_local<gathering>();
  all->wake = exchange.wake();
  for (const auto& site : exchange.routes()->sites)
    if (site->settings->list_models)
      all->answers.push_back({site, {}, {}});
  // A control permit never waits for a slot, only for a backend's very first name resolution.
  std::vector<std::unique_ptr<actors::question<actors::permit>>> questions;
  std::vector<std::uint64_t> numbers;
  {
    actors::io_unit::burst at_once{exchange.owner().unit};
    for (const auto& answer : all->answers) {
      numbers.push_back(++exchange.owner().last_request);
      questions.push_back(std::make_unique<actors::question<actors::permit>>());
      questions.back()->ask(exchange.actor(), answer.site->lane,
                            actors::permit_request(numbers.back(), net::io_thread::now(), true));
    }
  }
  const auto due = net::io_thread::now() + merge_patience;
  const auto pending = [&] {
    return std::any_of(questions.begin(), questions.end(),
                       [](const auto& question) { return !question->done(); });
  };
  while (pending() && !exchange.given_up() && net::io_thread::now() < due) {
    exchange.alarm(due);
    co_await exchange.changed();
  }
  for (std::size_t i = 0; i < questions.size(); ++i) {
    auto& answer = all->answers[i];
    if (!questions[i]->done()) {
      caf::anon_send(answer.site->lane, actors::permit_abandoned(numbers[i]));
      answer.refused = "no permit in time";
      continue;
    }
    auto& permit = questions[i]->answer();
    if (!permit || !permit->granted) {
      answer.refused = "taken out of service";
      continue;
    }
    ++all->open;
    auto request = list_request(*answer.site, exchange);
    net::spawn(
        fetch_list(all, i, client::to_endpoint(permit->address), numbers[i], std::move(request)));
  }
  while (all->open > 0) {
    if (exchange.given_up())
      co_return false;
    exchange.alarm(due + merge_patience);
    const auto from = net::io_thread::now();
    co_await exchange.changed();
    exchange.record().upstream_ns += net::io_thread::now() - from;
  }

  for (const auto& answer : all->answers) {
    const auto skip = [&](std::string_view why) {
      spdlog::warn("request {}: models of backend {} are left out: {}", exchange.id(),
                   answer.site->name(), why);
    };
    if (!answer.refused.empty())
      skip(answer.refused);
    else if (!answer.result.ok() || answer.result.status != 200)
      skip(answer.result.ok() ? "status " + std::to_string(answer.result.status)
                              : answer.result.message);
    else if (!models.add(answer.result.body, static_cast<bool>(answer.site->entry->models)))
      skip("the answer is not a model list");
  }
  models.add_aliases(exchange.settings().models.aliases);
  co_return true;
}

} // namespace

net::task<void> list_models(const services&, server::exchange& exchange) {
  merged_list models;
  if (!co_await gather(exchange, models))
    co_return;
  json answer{{"object", "list"}};
  answer["data"] = models.entries();
  co_await exchange.reply(200, "application/json", dump(answer));
}

net::task<void> get_model(const services&, server::exchange& exchange) {
  merged_list models;
  if (!co_await gather(exchange, models))
    co_return;
  const auto wanted = percent_decoded(exchange.parameter("id"));
  if (const auto* model = models.find(wanted)) {
    co_await exchange.reply(200, "application/json", dump(*model));
    co_return;
  }
  refusal why{http::response_detail::model_not_found,
              unknown_model_sentence(wanted, "there is", models.names()), "model"};
  co_await refuse(exchange, std::move(why));
}

} // namespace synapse::handlers
