#include "http/api/speech/voice_lists.hpp"

#include "actors/runtime/ask.hpp"
#include "http/api/request/await_answer.hpp"
#include "http/api/request/own_question.hpp"
#include "http/client/endpoint.hpp"
#include "http/client/fetch.hpp"
#include "http/proxy/deadlines.hpp"

#include <map>
#include <vector>

namespace synapse::api {

namespace {
namespace piper = http::piper;
namespace speaches = http::speaches;

constexpr net::time_ns list_patience = 5'000'000'000;
/// A failure answers those who have waited for it, too.
constexpr net::time_ns failure_lasts = 1'000'000'000;

/// What one thread knows under one configuration.
class voice_lists final : public net::local_counted {
public:
  struct entry {
    voice_facts_ptr facts;
    net::time_ns found = 0;
    preparation failure;
    net::time_ns failed = 0; ///< 0: it has not
    bool asked = false;
    std::vector<net::wake_ptr> waiting;
  };
  entry& of(routing::backend_place place) { return entries_[place]; }

private:
  std::map<routing::backend_place, entry> entries_; ///< never more than there are backends
};
using voice_lists_ptr = net::local_ptr<voice_lists>;

voice_lists_ptr lists_of(server::exchange& ex) {
  auto& slot = ex.routes()->voices;
  if (!slot)
    slot = net::local_ptr<net::local_counted>{new voice_lists};
  return voice_lists_ptr{static_cast<voice_lists*>(slot.get())};
}

/// Held by the one request that asks.
class asking_for_voices {
public:
  asking_for_voices(voice_lists_ptr lists, voice_lists::entry& entry, actors::io_unit& unit)
      : lists_(std::move(lists)), entry_(entry), unit_(unit) {
    entry_.asked = true;
  }
  asking_for_voices(const asking_for_voices&) = delete;
  asking_for_voices& operator=(const asking_for_voices&) = delete;
  ~asking_for_voices() {
    entry_.asked = false;
    for (auto& waiter : std::exchange(entry_.waiting, {}))
      unit_.defer(std::move(waiter));
  }

private:
  voice_lists_ptr lists_; ///< keeps the entry
  voice_lists::entry& entry_;
  actors::io_unit& unit_;
};

/// The questions to one backend, with one permit.
class voice_question {
public:
  voice_question(server::exchange& ex, const client::backend_site& site, net::time_ns deadline,
                 preparation& into)
      : ex_(ex), site_(site), deadline_(deadline), into_(into) {}

  /// @returns null with `into` set
  net::task<voice_facts_ptr> run();

private:
  net::task<bool> get_permit();
  net::task<bool> get(std::string target);
  bool fail(client::fetch_error error);
  net::task<bool> ask_piper(voice_facts& into);
  net::task<bool> ask_speaches(voice_facts& into);
  bool no_list(std::string problem);
  void give_back() const;
  bool is_due() const { return deadline_ != 0 && net::io_thread::now() >= deadline_; }

  server::exchange& ex_;
  const client::backend_site& site_;
  net::time_ns deadline_; ///< of the request; 0: none
  preparation& into_;
  std::uint64_t number_ = 0;
  actors::permit permit_;
  client::fetch_result said_;
  actors::attempt_result told_ = actors::attempt_result::ok;
};

/// The time of the one request that asks is up: that says nothing about the backend.
void fail_by_deadline(preparation& into) {
  into.fail(proxy::mishap::deadline_passed,
            "it does not tell which voices it has within the time limit of the request");
}

bool failed_by_deadline(const preparation& what) {
  return what.how == preparation::outcome::failed &&
         what.failed.what == proxy::mishap::deadline_passed;
}

/// A control permit never waits for a slot.
net::task<bool> voice_question::get_permit() {
  number_ = ++ex_.owner().last_request;
  actors::question<actors::permit> question;
  question.ask(ex_.actor(), site_.lane,
               actors::permit_request(number_, net::io_thread::now(), true));
  wait_rules rules;
  rules.due = proxy::sooner(net::io_thread::now() + list_patience, deadline_);
  rules.is_upstream = false;
  const auto end = co_await await_answer(ex_, question, rules);
  if (end == wait_end::done && question.answer() && question.answer()->granted) {
    permit_ = *question.answer();
    co_return true;
  }
  if (end != wait_end::done)
    caf::anon_send(site_.lane, actors::permit_abandoned(number_));
  if (end == wait_end::left) {
    into_.how = preparation::outcome::gone;
    co_return false;
  }
  if (end == wait_end::late && is_due()) {
    fail_by_deadline(into_);
    co_return false;
  }
  into_.how = preparation::outcome::denied;
  into_.denied = actors::deny_reason::circuit_open;
  if (end == wait_end::done && question.answer()) {
    into_.denied = question.answer()->reason;
    into_.retry_after_ms = question.answer()->retry_after_ms;
  }
  co_return false;
}

/// @returns whether there is an answer, whatever its status.
net::task<bool> voice_question::get(std::string target) {
  auto request = own_question(ex_, site_, target, list_patience, piper::max_list_bytes);
  request.deadline = proxy::sooner(request.deadline, deadline_);
  said_ =
      co_await client::fetch(*site_.pool, client::to_endpoint(permit_.address), std::move(request));
  co_return said_.ok() || fail(said_.error);
}

bool voice_question::fail(client::fetch_error error) {
  using client::fetch_error;
  if (error == fetch_error::timeout && is_due()) {
    told_ = actors::attempt_result::canceled;
    fail_by_deadline(into_);
    return false;
  }
  told_ = outcome_of(error, permit_.probe);
  auto what = proxy::mishap::not_http;
  if (error == fetch_error::connect_failure)
    what = proxy::mishap::connect_failure;
  else if (error == fetch_error::reset)
    what = proxy::mishap::reset_before_answer;
  else if (error == fetch_error::timeout)
    what = proxy::mishap::response_timeout;
  into_.fail(what, "it does not tell which voices it has: " + said_.message);
  return false;
}

/// An answer that has no list in it.
bool voice_question::no_list(std::string problem) {
  if (said_.status / 100 == 2) {
    into_.fail(proxy::mishap::not_an_answer, std::move(problem));
    return false;
  }
  into_.how = preparation::outcome::failed;
  into_.answer.status = said_.status;
  into_.answer.body = std::move(said_.body);
  return false;
}

net::task<bool> voice_question::ask_piper(voice_facts& into) {
  const bool answered = co_await get("/");
  if (!answered)
    co_return false;
  const auto routes = piper::generation_of(said_.status);
  if (!routes)
    co_return no_list("it is no Piper");
  into.routes = *routes;
  if (into.routes == piper::generation::root_text)
    co_return true;
  const bool listed = co_await get("/voices");
  if (!listed)
    co_return false;
  std::string problem;
  auto voices = said_.status == 200 ? piper::parse_voices(said_.body, problem) : std::nullopt;
  if (!voices)
    co_return no_list(std::move(problem));
  into.voices = std::move(*voices);
  if (into.routes != piper::generation::synthesize)
    co_return true;
  // Only to speak with a voice of the wished language: nothing is lost without it.
  const bool told = co_await get("/info");
  if (told && said_.status == 200)
    if (auto info = piper::parse_info(said_.body, problem))
      into.default_voice = std::move(info->default_voice);
  into_ = {};
  told_ = actors::attempt_result::ok;
  co_return true;
}

net::task<bool> voice_question::ask_speaches(voice_facts& into) {
  const bool answered = co_await get("/v1/models");
  if (!answered)
    co_return false;
  std::string problem;
  auto models = said_.status == 200 ? speaches::parse_models(said_.body, problem) : std::nullopt;
  if (!models)
    co_return no_list(std::move(problem));
  into.models = std::move(*models);
  co_return true;
}

void voice_question::give_back() const {
  caf::anon_send(site_.lane, actors::outcome(number_, told_));
}

net::task<voice_facts_ptr> voice_question::run() {
  const bool granted = co_await get_permit();
  if (!granted)
    co_return nullptr;
  auto facts = std::make_shared<voice_facts>();
  bool good = false;
  if (site_.settings->type == config::backend_type::piper)
    good = co_await ask_piper(*facts);
  else
    good = co_await ask_speaches(*facts);
  give_back();
  if (!good)
    co_return nullptr;
  co_return facts;
}
} // namespace

voice_facts_ptr known_voices(server::exchange& exchange, const client::backend_site& site,
                             net::time_ns most_age) {
  const auto lists = lists_of(exchange);
  const auto& known = lists->of(site.place);
  const bool fresh = known.facts && net::io_thread::recent() - known.found < most_age;
  return fresh ? known.facts : nullptr;
}

void forget_voices(server::exchange& exchange, const client::backend_site& site) {
  lists_of(exchange)->of(site.place).facts = nullptr;
}

net::task<void> find_voices(server::exchange& exchange, const client::backend_site& site,
                            net::time_ns most_age, net::time_ns deadline, preparation& into) {
  const auto lists = lists_of(exchange);
  auto& entry = lists->of(site.place);
  const auto since = net::io_thread::recent();
  for (;;) {
    if (exchange.given_up()) {
      into.how = preparation::outcome::gone;
      co_return;
    }
    // What was found while this waited is as new as can be.
    if (entry.facts && (entry.found >= since || since - entry.found < most_age))
      co_return;
    if (entry.failed != 0 && net::io_thread::recent() - entry.failed < failure_lasts) {
      into = entry.failure;
      co_return;
    }
    if (!entry.asked)
      break;
    if (deadline != 0 && net::io_thread::now() >= deadline) {
      fail_by_deadline(into);
      co_return;
    }
    entry.waiting.push_back(exchange.wake());
    exchange.alarm(deadline);
    co_await exchange.changed();
    exchange.alarm(0);
  }
  const asking_for_voices asking{lists, entry, exchange.owner().unit};
  voice_question question{exchange, site, deadline, into};
  auto found = co_await question.run();
  entry.failed = 0;
  if (found) {
    entry.facts = std::move(found);
    entry.found = net::io_thread::now();
  } else if (into.how != preparation::outcome::gone && !failed_by_deadline(into)) {
    entry.failure = into;
    entry.failed = net::io_thread::now();
  }
}

} // namespace synapse::api
