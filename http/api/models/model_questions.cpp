#include "http/api/models/model_questions.hpp"

#include "actors/models/profiles/profile_schema.hpp"
#include "actors/models/router/router_words.hpp"
#include "config/text/near_names.hpp"
#include "http/api/llm/model_turn.hpp"
#include "http/api/request/await_answer.hpp"
#include "http/core/json/utf8.hpp"
#include "http/proxy/deadlines.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>
#include <vector>

namespace synapse::api {

using http::response_detail;

namespace {
constexpr net::time_ns second = 1'000'000'000;
/// Two times the manager's own limit: a round that is under way may have to be followed by another.
constexpr net::time_ns list_patience = 12 * second;
constexpr net::time_ns profiles_patience = 120 * second; ///< for a disk under load
/// Beyond the limits of whoever is asked, which are the ones that count.
constexpr net::time_ns slack = 60 * second;
/// Between two questions to a router that is being restarted.
constexpr net::time_ns again = second / 2;
constexpr std::size_t max_id_bytes = 512;

model_trouble trouble_with(response_detail detail, std::string message) {
  model_trouble why;
  why.detail = detail;
  why.message = std::move(message);
  return why;
}

std::string sentence_of(const caf::error& error) {
  const auto said = actors::detail(error);
  return said.empty() ? actors::render(error) : said;
}

response_detail administrative_detail(actors::model_denial why) {
  switch (why) {
  case actors::model_denial::unknown_model:
    return response_detail::model_not_found;
  case actors::model_denial::load_timeout:
    return response_detail::response_timeout;
  case actors::model_denial::wait_timeout:
  case actors::model_denial::loading:
    return response_detail::upstream_queue_timeout;
  case actors::model_denial::queue_full:
    return response_detail::upstream_overflow;
  case actors::model_denial::router_unavailable:
    return response_detail::upstream_connection_failure;
  case actors::model_denial::retired:
    return response_detail::backend_not_found;
  default:
    return response_detail::upstream_error;
  }
}

/// Reads the router's answer. @returns whether it may be worth while to ask again.
bool read_list(router_list& list, trouble& why) {
  const auto& reply = list.reply;
  auto word = models::understand(models::management_call::list, reply);
  list.refused = false;
  switch (word.means) {
  case models::router_answer::no_route:
    return false;
  case models::router_answer::accepted:
    break;
  case models::router_answer::unreachable:
    why = trouble_with(reply.ok() ? response_detail::upstream_unavailable
                                  : response_detail::upstream_connection_failure,
                       std::move(word.reason));
    return true;
  default:
    list.refused = reply.ok();
    why = trouble_with(reply.ok() ? response_detail::upstream_error
                                  : response_detail::upstream_protocol_error,
                       std::move(word.reason));
    return false;
  }
  std::string problem;
  auto known = models::parse_catalog(reply.body, problem);
  if (known)
    list.known = std::move(*known);
  else
    why = trouble_with(response_detail::upstream_error, "the router sent garbage: " + problem);
  return false;
}

/// Every name that a client may use but the parts of split models.
std::vector<std::string_view>
names_of(const models::catalog& known,
         const std::map<std::string, std::string, std::less<>>& aliases) {
  std::vector<std::string_view> names;
  for (const auto& one : known.models)
    names.push_back(one.first);
  for (const auto& one : known.aliases)
    if (!models::split_of(one.first))
      names.push_back(one.first);
  for (const auto& one : aliases)
    names.push_back(one.first);
  return names;
}

/// Waits for an answer. @returns what kept it away: the time limit, or the client's departure.
template <class Reply>
net::task<trouble> answer_in_time(server::exchange& ex, actors::question<Reply>& question,
                                  net::time_ns patience) {
  wait_rules rules;
  rules.due = net::io_thread::now() + patience;
  trouble why;
  if (co_await await_answer(ex, question, rules) != wait_end::done) {
    why = trouble_with(response_detail::response_timeout, "no answer in time");
    why->gone = ex.given_up();
  }
  co_return why;
}

std::string name_of_split(std::string_view name) {
  const auto split = models::split_of(name);
  return std::string{split ? split->base : name};
}
} // namespace

std::string percent_decoded(std::string_view text) {
  std::string out;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9')
      return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

model_trouble model_at_fault(std::string message) {
  return trouble_with(response_detail::bad_request, std::move(message));
}

std::string unknown_model_sentence(std::string_view model, std::string_view who,
                                   std::span<const std::string_view> known) {
  auto text = std::string{who} + " no model '" + std::string{model} + "'";
  const auto near = config::nearest_names(model, known);
  return near.empty() ? text : text + "." + config::did_you_mean(near);
}

model_trouble no_such_model(std::string_view model, std::span<const std::string_view> known) {
  return trouble_with(response_detail::model_not_found,
                      unknown_model_sentence(model, "the router has", known));
}

model_trouble trouble_of(const actors::model_command_done& done) {
  auto why = trouble_with(administrative_detail(done.why), done.detail);
  why.retry_after_s = std::max(1U, done.retry_after_s);
  return why;
}

model_trouble runtime_trouble(const caf::error& error) {
  auto detail = response_detail::upstream_unavailable;
  if (error == actors::ec::cluster_refused || error == actors::ec::rollout_failed)
    detail = response_detail::upstream_error;
  else if (error == actors::ec::rollout_timeout)
    detail = response_detail::response_timeout;
  return trouble_with(detail, "runtime_ctx_size: " + sentence_of(error));
}

model_trouble profile_trouble(const caf::error& error) {
  if (error == actors::ec::storage_failed)
    return trouble_with(response_detail::storage_failed, sentence_of(error));
  return trouble_with(response_detail::draining, "the model profiles are being restarted");
}

net::task<void> tell(server::exchange& ex, model_trouble why) {
  if (why.gone) {
    if (ex.metrics())
      ex.metrics()->client_disconnects[telemetry::request_phase::model].increment();
    ex.record().detail = ex.departure();
    ex.record().status = 499;
    co_return;
  }
  std::optional<unsigned> retry_after;
  if (const auto status = why.status(); status == 503 || status == 429)
    retry_after = why.retry_after_s;
  co_await ex.reply_error(why.detail, why.message, retry_after);
}

trouble check_model_id(std::string_view id) {
  if (id.empty())
    return model_at_fault("model: must not be empty");
  if (id.size() > max_id_bytes)
    return model_at_fault("model: must not be longer than " + std::to_string(max_id_bytes) +
                          " bytes");
  for (auto rest = id; !rest.empty();) {
    const auto length = http::detail::utf8_length(rest);
    const auto first = static_cast<unsigned char>(rest.front());
    if (length == 0 || first < 0x20 || first == 0x7f)
      return model_at_fault("model: must be text without control characters");
    rest.remove_prefix(length);
  }
  return {};
}

trouble read_model_id(const nlohmann::ordered_json& body, std::string& id) {
  const auto found = body.find("model");
  if (found == body.end())
    return model_at_fault("model: Field required");
  if (!found->is_string())
    return model_at_fault("model: must be a text");
  id = found->get<std::string>();
  return check_model_id(id);
}

net::task<trouble> ask_list(server::exchange& ex, const client::site_ptr& site, router_list& list,
                            net::time_ns patience) {
  const auto from = net::io_thread::now();
  ex.record().backend = site->name();
  for (;;) {
    actors::question<actors::http_reply> question;
    question.ask(ex.actor(), site->entry->models, actors::list_atom::value);
    trouble why = co_await answer_in_time(ex, question, list_patience);
    if (why)
      co_return why;
    auto& answer = question.answer();
    if (answer)
      list.reply = std::move(*answer);
    else
      list.reply.fault = actors::http_fault::canceled; // it has just been taken out of service
    const bool worth_asking = read_list(list, why);
    if (!worth_asking || net::io_thread::now() - from + again > patience)
      co_return why;
    if (!co_await pause(ex, again)) {
      why->gone = true;
      co_return why;
    }
  }
}

net::task<trouble> find_model(server::exchange& ex, const client::site_ptr& site,
                              std::string_view name, named_model& model, net::time_ns patience) {
  trouble why = check_model_id(name);
  if (why)
    co_return why;
  std::string wanted{name};
  const auto& aliases = ex.settings().models.aliases;
  if (const auto alias = aliases.find(wanted); alias != aliases.end())
    wanted = alias->second;
  model.key = name_of_split(wanted);
  if (!site || !site->entry->models)
    co_return why;
  why = co_await ask_list(ex, site, model.list, patience);
  model.is_managed = model.list.known.is_router;
  if (why || !model.is_managed)
    co_return why;
  if (const auto* key = model.list.known.find(wanted))
    model.key = *key;
  else
    why = no_such_model(name, names_of(model.list.known, aliases));
  co_return why;
}

namespace {
net::task<trouble> profiles_answer(server::exchange& ex,
                                   actors::question<actors::profile_map_ptr>& question,
                                   actors::profile_map_ptr& all) {
  trouble why = co_await answer_in_time(ex, question, profiles_patience);
  if (!why && !question.answer())
    why = profile_trouble(question.answer().error());
  if (!why)
    all = *question.answer();
  co_return why;
}

trouble without_profiles(server::exchange& ex) {
  if (ex.routes()->snapshot->profiles)
    return {};
  return trouble_with(response_detail::draining, "there are no model profiles yet");
}
} // namespace

net::task<trouble> ask_profiles(server::exchange& ex, actors::profile_map_ptr& all) {
  trouble why = without_profiles(ex);
  if (why)
    co_return why;
  actors::question<actors::profile_map_ptr> question;
  question.ask(ex.actor(), ex.routes()->snapshot->profiles, actors::list_atom::value);
  why = co_await profiles_answer(ex, question, all);
  co_return why;
}

net::task<trouble> store_profile(server::exchange& ex, const client::site_ptr& site,
                                 actors::put_profile change, actors::profile_map_ptr& all) {
  trouble why = without_profiles(ex);
  if (why)
    co_return why;
  actors::question<actors::profile_map_ptr> question;
  question.ask(ex.actor(), ex.routes()->snapshot->profiles, std::move(change));
  why = co_await profiles_answer(ex, question, all);
  if (why || !site || !site->entry->models)
    co_return why;
  // The manager has been told by now, but the threads may not have: the client's next request is to
  // see what it has stored.
  actors::question<bool> passed_on;
  passed_on.ask(ex.actor(), site->entry->models, actors::check_atom::value);
  why = co_await answer_in_time(ex, passed_on, list_patience);
  co_return why;
}

actors::profile_values values_of(const actors::profile_map_ptr& all, std::string_view key) {
  if (all)
    if (const auto found = all->find(key); found != all->end())
      return found->second.values;
  return {};
}

net::task<trouble> apply_stored_runtime(server::exchange& ex, const client::site_ptr& site,
                                        const named_model& model,
                                        const actors::profile_values& values) {
  const auto found = values.find("runtime_ctx_size");
  const auto* wanted = found == values.end() ? nullptr : std::get_if<std::int64_t>(&found->second);
  const auto* listed = model.listed();
  if (wanted == nullptr || (listed != nullptr && listed->ctx_size == *wanted))
    co_return trouble{};
  actors::question<actors::runtime_applied> question;
  question.ask(ex.actor(), site->entry->models, actors::apply_runtime(*wanted), model.key);
  const auto& settings = ex.settings();
  const auto limit = settings.process.runtime_reconfigure_timeout_seconds * second;
  trouble why =
      co_await answer_in_time(ex, question, limit + proxy::in_ns(settings.models.max_wait) + slack);
  if (!why && !question.answer())
    why = runtime_trouble(question.answer().error());
  co_return why;
}

net::task<trouble> command_model(server::exchange& ex, const client::site_ptr& site, bool load,
                                 std::string model, actors::model_command_done& done) {
  ex.record().backend = site->name();
  actors::question<actors::model_command_done> question;
  question.ask(ex.actor(), site->entry->models, actors::model_command(load, std::move(model)));
  const auto& limits = ex.settings().models;
  trouble why = co_await answer_in_time(
      ex, question, proxy::in_ns(limits.max_wait) + proxy::in_ns(limits.load_timeout) + slack);
  if (why)
    co_return why;
  if (!question.answer()) {
    why = trouble_with(response_detail::draining, "the model manager is being restarted");
    co_return why;
  }
  done = std::move(*question.answer());
  if (done.why != actors::model_denial::none)
    why = trouble_of(done);
  co_return why;
}

} // namespace synapse::api
