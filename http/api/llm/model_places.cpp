#include "http/api/llm/model_places.hpp"

#include "actors/runtime/ask.hpp"
#include "config/backend_types.hpp"
#include "http/api/models/model_list.hpp"
#include "http/api/models/model_questions.hpp"
#include "http/api/request/await_answer.hpp"
#include "http/api/request/own_question.hpp"
#include "http/api/request/refusal.hpp"
#include "http/client/endpoint.hpp"
#include "http/client/fetch.hpp"
#include "http/core/local_reply.hpp"

#include <spdlog/spdlog.h>

namespace synapse::api {

namespace {
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

net::task<void> fetch_list(net::local_ptr<gathering> all, std::size_t index,
                           net::tcp::endpoint address, std::uint64_t permit, bool probe,
                           client::fetch_request request) {
  const auto site = all->answers[index].site;
  auto result = co_await client::fetch(*site->pool, address, std::move(request));
  const auto told = outcome_of(result.error, probe);
  caf::anon_send(site->lane, actors::outcome(permit, told));
  all->answers[index].result = std::move(result);
  all->one_done();
}

/// Asks all that are in `lists`. @returns false when the client has left.
net::task<bool> gather(server::exchange& exchange, const net::local_ptr<gathering>& all) {
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
  wait_rules for_permits;
  for_permits.due = due;
  for_permits.is_upstream = false;
  co_await wait_until(
      exchange, [&] { return !pending(); }, for_permits);
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
    auto request =
        own_question(exchange, *answer.site, "/v1/models", merge_patience, 8 * 1024 * 1024);
    net::spawn(fetch_list(all, i, client::to_endpoint(permit->address), numbers[i], permit->probe,
                          std::move(request)));
  }
  // Each has a deadline of its own.
  const wait_rules for_lists;
  const auto end = co_await wait_until(
      exchange, [&] { return all->open == 0; }, for_lists);
  co_return end == wait_end::done;
}

/// Reads what a backend said. @returns why there are no models in it, if so.
std::string read_names(gathering::answer& answer, backend_list& into) {
  if (!answer.refused.empty())
    return answer.refused;
  if (!answer.result.ok())
    return answer.result.message;
  if (answer.result.status != 200)
    return "status " + std::to_string(answer.result.status);
  merged_list models;
  if (!models.add(answer.result.body, static_cast<bool>(answer.site->entry->models)))
    return "the answer is not a model list";
  models.add_aliases({});
  for (const auto name : models.names())
    into.names.emplace_back(name);
  into.body = std::move(answer.result.body);
  return {};
}

/// Backends of other types may list models, but are not asked for what is in them.
bool serves_models(const client::backend_site& site) {
  return config::row_of(site.settings->type).has_models;
}

/// Lists may depend on the client's key.
std::size_t asker_of(server::exchange& exchange) {
  std::string credentials;
  http::append_credentials(credentials, exchange.head(), {});
  return std::hash<std::string>{}(credentials);
}

void teach(server::exchange& exchange, const std::vector<backend_list>& lists) {
  auto& index = exchange.routes()->models->index;
  routing::model_index::gap gap;
  for (const auto& list : lists) {
    if (!serves_models(*list.site))
      continue;
    if (!list.left_out.empty()) {
      // What it listed before, it may still have.
      gap.backends +=
          (gap.backends.empty() ? "" : ", ") + list.site->name() + " (" + list.left_out + ")";
      gap.silent = gap.silent || list.status == 0 || list.status >= 500;
      gap.refused = gap.refused || list.status == 401 || list.status == 403;
      continue;
    }
    index.learn(list.site->place, list.names);
  }
  index.looked(net::io_thread::now(), asker_of(exchange), std::move(gap));
}
} // namespace

net::task<bool> ask_for_models(server::exchange& exchange, std::vector<backend_list>& lists,
                               bool outside) {
  auto all = net::make_local<gathering>();
  all->wake = exchange.wake();
  for (const auto& site : exchange.routes()->sites)
    if (site->settings->list_models && !(outside && site->in_catalog))
      all->answers.push_back({site, {}, {}});
  lists.clear();
  if (all->answers.empty())
    co_return true;
  const bool stayed = co_await gather(exchange, all);
  if (!stayed)
    co_return false;
  for (auto& answer : all->answers) {
    backend_list list;
    list.site = answer.site;
    list.status = answer.result.status;
    list.left_out = read_names(answer, list);
    if (!list.left_out.empty())
      spdlog::warn("request {}: models of backend {} are left out: {}", exchange.id(),
                   list.site->name(), list.left_out);
    lists.push_back(std::move(list));
  }
  teach(exchange, lists);
  co_return true;
}

net::task<model_place> find_model_place(server::exchange& exchange, std::string_view model,
                                        bool anew) {
  const auto lists = exchange.routes()->models;
  model_place place;
  const auto look = [&] {
    const auto targets = lists->index.targets_of(model);
    if (!targets.empty())
      place.site = exchange.routes()->site(targets.front());
    return !targets.empty();
  };
  while (anew || !look()) {
    if (exchange.given_up()) {
      place.gone = true;
      break;
    }
    if (lists->is_asked()) {
      lists->wait(exchange.wake());
      co_await exchange.changed();
      continue;
    }
    if (!anew && lists->index.is_fresh(net::io_thread::now(), asker_of(exchange)))
      break;
    const client::model_lists::asking asked{lists, exchange.owner().unit};
    std::vector<backend_list> answers;
    place.gone = !co_await ask_for_models(exchange, answers);
    look();
    break;
  }
  co_return place;
}

net::task<void> refuse_unknown_model(server::exchange& exchange, std::string_view model) {
  const auto& index = exchange.routes()->models->index;
  const auto& gap = index.last_gap();
  std::string remark;
  if (!gap.backends.empty())
    remark = " Without those that do not show their models: " + gap.backends + ".";
  if (gap.silent) {
    const auto message =
        "no backend that answers lists the model '" + std::string{model} + "'." + remark;
    co_await exchange.reply_error(http::response_detail::no_healthy_upstream, message, 1);
    co_return;
  }
  refusal why{http::response_detail::model_not_found,
              unknown_model_sentence(model, "there is", index.models()) + remark, "model"};
  co_await refuse(exchange, std::move(why));
}

} // namespace synapse::api
