#include "actors/models/model_manager.hpp"

#include "actors/models/router/list_notes.hpp"
#include "actors/models/router/router_words.hpp"
#include "actors/models/turns/schedule.hpp"
#include "actors/protocol/error.hpp"
#include "telemetry/text_escape.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace synapse::actors {

namespace {

using json = nlohmann::json;
using models::action;
using models::management_call;
using models::purpose;
using models::router_answer;
using models::ticket_id;
using std::chrono::milliseconds;

constexpr milliseconds list_limit{5'000};
/// Usually both are answered at once. But a load that sends away a model whose process does not
/// stop takes the 10 s after which the router kills it.
constexpr milliseconds change_limit{30'000};
constexpr milliseconds address_limit{5'000};
/// Between looks whether the backend's name is resolved, when it has just been started.
constexpr milliseconds address_again{50};
/// Beyond the link's own limits, which are the ones that count.
constexpr milliseconds slack{5'000};
/// The event stream is silent for as long as nothing happens; then it is opened anew.
constexpr milliseconds events_idle{300'000};
constexpr milliseconds events_again{5'000};
/// A router without events may be replaced by one that has them.
constexpr milliseconds events_unknown{600'000};
/// After a load or unload the router is looked at after so many nanoseconds, then after twice as
/// many, up to `models.poll`.
constexpr time_ns first_look = 25'000'000;

time_ns in_ns(config::milliseconds value) {
  return std::chrono::nanoseconds{value}.count();
}

/// @param told_by_router how many models it holds; nothing when it does not say.
models::schedule_limits limits_of(const config::model_settings& from,
                                  std::optional<unsigned> told_by_router) {
  models::schedule_limits limits;
  limits.batch_window = in_ns(from.batch_window);
  limits.linger = in_ns(from.linger);
  limits.max_wait = in_ns(from.max_wait);
  limits.load_timeout = in_ns(from.load_timeout);
  limits.restart_patience = in_ns(from.restart_patience);
  limits.poll = in_ns(from.poll);
  limits.max_waiting = from.max_waiting;
  limits.max_loaded = from.max_loaded != 0 ? from.max_loaded : told_by_router.value_or(1);
  // Of several it may choose another one than we would.
  limits.load_evicts = limits.max_loaded == 1 && told_by_router == 1u;
  return limits;
}

model_denial denial_of(models::denial why) {
  switch (why) {
  case models::denial::none:
    return model_denial::none;
  case models::denial::unknown_model:
    return model_denial::unknown_model;
  case models::denial::loading:
    return model_denial::loading;
  case models::denial::load_failed:
    return model_denial::load_failed;
  case models::denial::load_timeout:
    return model_denial::load_timeout;
  case models::denial::wait_timeout:
    return model_denial::wait_timeout;
  case models::denial::queue_full:
    return model_denial::queue_full;
  case models::denial::router_unavailable:
    return model_denial::router_unavailable;
  case models::denial::router_error:
    break;
  }
  return model_denial::router_error;
}

class model_manager : public model_manager_actor::base {
public:
  model_manager(caf::actor_config& config, model_manager_parts parts)
      : model_manager_actor::base(config), parts_(std::move(parts)),
        schedule_(parts_.lanes, limits_of(parts_.models, {})) {}
  const char* name() const override { return "model_manager"; }

  void on_exit() override {
    // CAF lets askers wait whose promise is dropped.
    const auto ended = caf::make_error(ec::unavailable);
    for (auto& [ticket, who] : askers_)
      if (who.command)
        who.command->deliver(ended);
    for (auto& promise : list_askers_)
      promise.deliver(ended);
    if (change_)
      change_->promise.deliver(ended);
    askers_.clear();
    list_askers_.clear();
    change_.reset();
    unresolved_.clear();
    desks_.clear();
    parts_ = {};
  }

  model_manager_actor::behavior_type make_behavior() override {
    ask_list();
    tick_later();
    return {
        [this](const model_desk_actor& desk, std::uint32_t lane) { on_desk(desk, lane); },
        [this](const model_demand& what) { on_demand(what); },
        [this](const model_demand_gone& what) { on_gone(what); },
        [this](const model_usage& what) {
          schedule_.usage(what.lane, what.model, what.in_use, what.last_used, now());
          follow();
        },
        [this](const model_drained& what) {
          schedule_.drained(what.lane, what.model, what.closing, now());
          follow();
        },
        [this](const model_suspect& what) {
          schedule_.suspect(what.model, now());
          follow();
        },
        [this](const model_command& what) { return on_command(what); },
        [this](list_atom) { return on_list(); },
        [this](const apply_runtime& what, const std::string& model) {
          return on_runtime(what, model);
        },
        [this](const profile_map_ptr& profiles) {
          profiles_ = profiles;
          publish();
        },
        [](check_atom) { return true; },
        [this](const settings_ptr& settings) { on_settings(settings); },
        [this](const http_link_actor& link, const std::string& bearer) {
          parts_.link = link;
          parts_.bearer = bearer;
          listen_anew();
        },
        [this](const http_event& event) { on_event(event); },
        [this](tick_atom) { on_tick(); },
    };
  }

private:
  /// Who waits for a ticket of the schedule.
  struct asker {
    model_desk_actor desk; ///< of a session's request
    std::uint64_t request = 0;
    std::optional<caf::typed_response_promise<model_command_done>> command;
    bool load = false;
  };
  using desk_request = std::pair<std::uint32_t, std::uint64_t>;
  /// A change of the router's arguments on its way.
  struct change {
    caf::typed_response_promise<runtime_applied> promise;
    apply_runtime wanted;
    std::string model;
    ticket_id ticket = 0;
    std::optional<runtime_applied> applied; ///< the router is waited for
    time_ns due = 0;
  };

  time_ns now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               system().clock().now().time_since_epoch())
        .count();
  }

  // ---- desks and their sessions ----

  void on_desk(const model_desk_actor& desk, std::uint32_t lane) {
    desks_.resize(std::max<std::size_t>(desks_.size(), lane + 1));
    desks_[lane] = desk;
    if (view_)
      send(desk, view_);
  }

  void on_demand(const model_demand& what) {
    asker who;
    if (what.lane < desks_.size())
      who.desk = desks_[what.lane];
    if (!who.desk) // it has not been introduced yet
      who.desk = caf::actor_cast<model_desk_actor>(current_sender());
    if (!who.desk)
      return;
    who.request = what.request;
    const auto why = what.wait ? purpose::request : purpose::no_wait;
    const auto ticket = what.anew ? schedule_.ask_anew(what.model, why, now())
                                  : schedule_.ask(what.model, why, now());
    askers_[ticket] = std::move(who);
    demands_[{what.lane, what.request}] = ticket;
    follow();
  }

  void on_gone(const model_demand_gone& what) {
    const auto found = demands_.find({what.lane, what.request});
    if (found == demands_.end())
      return;
    const auto ticket = found->second;
    demands_.erase(found);
    askers_.erase(ticket);
    schedule_.abandon(ticket, now());
    follow();
  }

  caf::result<model_command_done> on_command(const model_command& what) {
    asker who;
    who.command = make_response_promise<model_command_done>();
    who.load = what.load;
    auto promise = *who.command;
    const auto ticket =
        schedule_.ask(what.model, what.load ? purpose::load : purpose::unload, now());
    askers_[ticket] = std::move(who);
    follow();
    return promise;
  }

  void decided(const models::verdict& verdict) {
    if (change_ && change_->ticket == verdict.ticket) {
      on_everything(verdict);
      return;
    }
    auto node = askers_.extract(verdict.ticket);
    if (!node)
      return;
    std::erase_if(demands_, [&](const auto& one) { return one.second == verdict.ticket; });
    auto& who = node.mapped();
    if (who.command) {
      model_command_done result;
      result.why = denial_of(verdict.why);
      result.detail = verdict.detail;
      result.retry_after_s = verdict.retry_after_s;
      result.ready = schedule_.turn_of(verdict.model).open;
      const auto& last = who.load ? last_load_ : last_unload_;
      if (const auto answer = last.find(verdict.model); answer != last.end()) {
        result.status = answer->second.status;
        result.body = answer->second.body;
      }
      who.command->deliver(std::move(result));
      return;
    }
    model_grant grant;
    grant.request = who.request;
    grant.why = denial_of(verdict.why);
    grant.model = verdict.model;
    grant.id = verdict.id;
    grant.detail = verdict.detail;
    grant.progress = verdict.progress;
    grant.retry_after_s = verdict.retry_after_s;
    grant.managed = schedule_.managed();
    send(who.desk, std::move(grant));
  }

  // ---- what follows ----

  /// Does what the schedule has decided. Verdicts go out before a view that closes models: a desk
  /// counts them before it says that nobody uses a model.
  void follow() {
    for (;;) {
      auto actions = schedule_.take_actions();
      if (actions.empty())
        break;
      for (const auto& one : actions)
        if (one.what == action::kind::decide)
          decided(one.verdict);
      const auto has = [&](action::kind what) {
        return std::any_of(actions.begin(), actions.end(),
                           [&](const action& one) { return one.what == what; });
      };
      if (has(action::kind::view))
        publish();
      for (const auto& one : actions) {
        if (one.what == action::kind::load)
          tell_router(true, one);
        else if (one.what == action::kind::unload)
          tell_router(false, one);
      }
      for (const auto& one : actions)
        if (one.what == action::kind::failed) {
          asked_load_.erase(one.model);
          parts_.events.load_failed(one.model, one.verdict.detail);
        }
      if (has(action::kind::list))
        ask_list();
    }
    // What the router said belongs to the load or unload under way; later ones hear their own.
    last_unload_.clear();
    std::erase_if(last_load_, [this](const auto& one) { return !schedule_.loading(one.first); });
    if (const auto waiting = schedule_.waiting(); waiting != told_waiting_) {
      told_waiting_ = waiting;
      parts_.events.waiting(waiting);
    }
    tick_later();
  }

  void publish() {
    auto view = std::make_shared<model_view>();
    view->contended = schedule_.contended();
    view->profiles = profiles_;
    if (const auto& known = schedule_.known()) {
      view->known = true;
      view->managed = known->is_router;
      view->names = known->aliases;
      for (const auto& [name, model] : known->models) {
        const auto turn = schedule_.turn_of(name);
        view->models.emplace(name, model_view::entry{model.id, turn.open, turn.closing});
        note_state(name, turn.open);
      }
    }
    for (auto model = ready_.begin(); model != ready_.end();) {
      const bool listed = view->models.contains(*model);
      if (!listed)
        parts_.events.unloaded(*model);
      model = listed ? std::next(model) : ready_.erase(model);
    }
    view_ = std::move(view);
    for (const auto& desk : desks_)
      if (desk)
        send(desk, view_);
  }

  /// Events for people: what has become ready, what has gone.
  void note_state(const std::string& model, bool open) {
    const bool was = ready_.contains(model);
    if (open && !was) {
      ready_.insert(model);
      const auto since = asked_load_.extract(model);
      parts_.events.loaded(model, since ? now() - since.mapped() : 0);
    } else if (was && !schedule_.present(model)) {
      ready_.erase(model);
      parts_.events.unloaded(model);
    }
  }

  // ---- the router ----

  /// Asks the router; `then` gets the answer in every case.
  template <class Then>
  void call(http_call what, milliseconds limit, Then then) {
    what.authority = parts_.backend.url.authority();
    what.target = parts_.backend.url.base_path + what.target;
    what.timeout_ms = static_cast<std::uint32_t>(limit.count());
    if (!parts_.bearer.empty())
      what.fields += "Authorization: Bearer " + parts_.bearer + "\r\n";
    begin_call(std::move(what), limit, std::move(then), now());
  }

  template <class Then>
  void begin_call(http_call what, milliseconds limit, Then then, time_ns since) {
    request(parts_.control, address_limit, snap_atom::value)
        .then(
            [this, what = std::move(what), limit, then,
             since](const backend_snapshot& state) mutable {
              if (!state.resolved && now() - since < in_ns(address_limit)) {
                unresolved_.emplace_back([this, what = std::move(what), limit, then, since] {
                  begin_call(what, limit, then, since);
                });
                tick_later();
                return;
              }
              if (state.addresses.empty()) {
                // A name server that is away says nothing about the router's models.
                http_reply none;
                none.fault = http_fault::canceled;
                none.message = "the host name does not resolve";
                then(none);
                return;
              }
              what.address = state.addresses.front();
              request(parts_.link,
                      what.events ? milliseconds{std::chrono::hours{24}} : limit + slack,
                      std::move(what))
                  .then([then](const http_reply& reply) mutable { then(reply); },
                        [then](const caf::error& error) mutable { then(no_reply(error)); });
            },
            [then](const caf::error& error) mutable { then(no_reply(error)); });
  }

  static http_reply no_reply(const caf::error& error) {
    http_reply none;
    none.fault = http_fault::canceled;
    none.message = render(error);
    return none;
  }

  void tell_router(bool load, const action& what) {
    http_call request;
    request.method = "POST";
    request.target = load ? "/models/load" : "/models/unload";
    request.content_type = "application/json";
    looks_ = 0;
    request.body = json{{"model", what.id}}.dump(-1, ' ', false, json::error_handler_t::replace);
    if (load)
      asked_load_.try_emplace(what.model, now());
    else
      asked_load_.erase(what.model);
    call(std::move(request), change_limit, [this, load, model = what.model](const http_reply& r) {
      auto word = models::understand(load ? management_call::load : management_call::unload, r);
      if (!load) // of a load that fails everybody hears anyway
        note_refusal("to unload " + model, r, word);
      if (load) {
        last_load_[model] = r;
        schedule_.load_answered(model, word.means, std::move(word.reason), now());
      } else {
        last_unload_[model] = r;
        schedule_.unload_answered(model, word.means, std::move(word.reason), now());
      }
      follow();
    });
  }

  void ask_list() {
    if (list_asked_ != 0) {
      list_again_ = true; // what happens now may not be in the answer under way
      return;
    }
    list_asked_ = now();
    http_call request;
    request.target = "/models";
    call(std::move(request), list_limit, [this, router = router_](const http_reply& reply) {
      if (router == router_)
        on_list_reply(reply);
      else
        ask_the_new_one();
    });
  }

  /// What was asked for came from a router that is configured no more.
  void ask_the_new_one() {
    list_asked_ = 0;
    ask_list();
    follow();
  }

  void on_list_reply(const http_reply& reply) {
    const auto asked = list_asked_;
    last_list_ = now();
    const auto word = models::understand(management_call::list, reply);
    std::string problem = reply.ok() ? word.reason : reply.message;
    std::optional<models::catalog> list;
    if (word.means == router_answer::no_route)
      list.emplace(); // no router: whatever it is, it has no models to load
    else if (word.means == router_answer::accepted)
      list = models::parse_catalog(reply.body, problem);
    answer_list_askers(reply, list);
    if (list) {
      if (std::exchange(away_, false)) {
        parts_.events.reachable({});
        send(parts_.control, return_atom::value);
      }
      if (list->is_router && !capacity_known_) {
        learn_capacity(std::move(*list), asked); // until then this list is still under way
        return;
      }
      list_asked_ = 0;
      take_list(std::move(*list), asked);
    } else {
      list_asked_ = 0;
      no_list(reply, word, problem);
    }
    if (std::exchange(list_again_, false))
      ask_list();
    follow();
  }

  /// Whoever asked for the list gets it with what those wait for who wait for a model.
  void answer_list_askers(const http_reply& reply, const std::optional<models::catalog>& list) {
    if (list_askers_.empty())
      return;
    models::wait_notes notes;
    if (list && schedule_.contended())
      for (const auto& [name, model] : list->models)
        if (auto why = schedule_.waits_for(name, now()))
          notes.emplace(name, std::move(*why));
    auto told = reply;
    if (!notes.empty())
      told.body = models::with_notes(std::move(told.body), *list, notes);
    for (auto& promise : std::exchange(list_askers_, {}))
      promise.deliver(told);
  }

  void no_list(const http_reply& reply, const models::router_word& word,
               const std::string& problem) {
    const bool gone = reply.fault == http_fault::connect_failure;
    // What makes no sense may be somebody else's page while the router is being restarted.
    const bool garbage = word.means == router_answer::accepted ||
                         (word.means == router_answer::refused && !reply.ok());
    if (!std::exchange(away_, true))
      parts_.events.reachable(problem);
    if (gone)
      capacity_known_ = false; // another one may come back
    if (word.means == router_answer::refused && !garbage) {
      schedule_.list_refused(problem, now());
      if (change_ && change_->applied)
        change_failed(caf::make_error(ec::rollout_failed, "the router runs anew, but " + problem));
    } else {
      schedule_.list_failed(gone, garbage, problem, now());
    }
  }

  void take_list(models::catalog list, time_ns asked) {
    schedule_.listed(std::move(list), asked, now());
    look_at_change();
    listen();
    follow();
  }

  /// Asks a router that has been started how many models it holds, before anything is decided.
  /// Older ones do not say.
  void learn_capacity(models::catalog list, time_ns asked) {
    http_call request;
    request.target = "/props";
    auto kept = std::make_shared<models::catalog>(std::move(list));
    call(std::move(request), list_limit,
         [this, kept, asked, router = router_](const http_reply& reply) {
           if (router != router_) {
             ask_the_new_one();
             return;
           }
           std::optional<unsigned> most;
           const auto word = models::understand(management_call::props, reply);
           note_refusal("to tell how many models it holds", reply, word);
           capacity_known_ = reply.ok() && word.means != router_answer::unreachable;
           if (!capacity_known_)
             most = told_by_router_; // the next list asks again
           const auto props = json::parse(reply.body, nullptr, false);
           if (reply.status == 200 && props.is_object())
             if (const auto found = props.find("max_instances");
                 found != props.end() && found->is_number_unsigned())
               most = static_cast<unsigned>(
                   std::min<std::uint64_t>(found->get<std::uint64_t>(), 1000));
           told_by_router_ = most;
           schedule_.set_limits(limits_of(parts_.models, told_by_router_));
           list_asked_ = 0;
           last_list_ = now();
           take_list(std::move(*kept), asked);
           // Whoever asked meanwhile has not had that list.
           if (std::exchange(list_again_, false) || !list_askers_.empty())
             ask_list();
         });
  }

  void note_refusal(const std::string& what, const http_reply& reply,
                    const models::router_word& word) {
    if (reply.ok() && word.means == router_answer::refused)
      parts_.events.refused(what, word.reason);
  }

  // ---- its events ----

  /// The stream under way, if there is one, is over or about to be.
  void listen_anew() {
    ++stream_;
    listening_ = false;
    listen_from_ = 0;
    listen();
  }

  void listen() {
    if (listening_ || !schedule_.known() || !schedule_.known()->is_router || now() < listen_from_)
      return;
    listening_ = true;
    http_call request;
    request.target = "/models/sse";
    request.events = true;
    call(std::move(request), events_idle, [this, stream = ++stream_](const http_reply& reply) {
      if (stream != stream_)
        return; // another one has taken its place
      listening_ = false;
      const auto word = models::understand(management_call::events, reply);
      note_refusal("to tell what happens to its models", reply, word);
      const bool has_none = reply.ok() && (word.means == router_answer::no_route ||
                                           word.means == router_answer::refused);
      listen_from_ = now() + in_ns(has_none ? events_unknown : events_again);
    });
  }

  /// Names and shapes differ between builds, so an event is a hint only: the list decides.
  void on_event(const http_event& event) {
    const auto said = json::parse(event.data, nullptr, false);
    if (!said.is_object() || is_progress(said))
      return;
    const auto kind = said.find("event");
    if (kind != said.end() && kind->is_string() && *kind != "download_progress")
      ask_list();
  }

  /// There are many of them per load, and one is complete in itself.
  bool is_progress(const json& said) {
    const auto model = said.find("model");
    const auto data = said.find("data");
    if (model == said.end() || !model->is_string() || data == said.end() || !data->is_object())
      return false;
    const auto progress = data->find("progress");
    if (progress == data->end() || !progress->is_object())
      return false;
    const auto value = progress->find("value");
    if (value == progress->end() || !value->is_number())
      return false;
    return schedule_.progress(model->get_ref<const std::string&>(), value->get<double>());
  }

  caf::result<http_reply> on_list() {
    auto promise = make_response_promise<http_reply>();
    list_askers_.push_back(promise);
    if (list_asked_ == 0)
      ask_list();
    return promise;
  }

  // ---- other arguments for the router ----

  caf::result<runtime_applied> on_runtime(const apply_runtime& what, const std::string& model) {
    const auto& known = schedule_.known();
    const auto* name = known ? known->find(model) : nullptr;
    if (name != nullptr && known->models.at(*name).ctx_size == what.ctx_size)
      return runtime_applied{};
    if (!parts_.runtime)
      return caf::make_error(ec::not_in_cluster);
    if (change_)
      return caf::make_error(ec::unavailable, std::string{"the router is being changed already"});
    change_.emplace();
    change_->promise = make_response_promise<runtime_applied>();
    change_->wanted = what;
    change_->model = model;
    auto promise = change_->promise;
    // Nobody's stream is to be cut for a change that cannot be made.
    request(parts_.runtime, change_limit, check_atom::value)
        .then(
            [this](bool) {
              change_->ticket = schedule_.ask({}, purpose::everything, now());
              follow();
            },
            [this](caf::error& error) { change_failed(std::move(error)); });
    return promise;
  }

  void on_everything(const models::verdict& verdict) {
    if (verdict.why != models::denial::none) {
      change_failed(caf::make_error(
          ec::rollout_timeout,
          std::string{"requests run on the router for as long as one may wait; nothing was "
                      "changed"}));
      return;
    }
    const std::chrono::seconds limit{parts_.reconfigure_timeout_s};
    change_->due = now() + std::chrono::nanoseconds{limit}.count();
    request(parts_.runtime, milliseconds{limit} + slack, change_->wanted)
        .then(
            [this](const runtime_applied& applied) {
              change_->applied = applied;
              ask_list();
            },
            [this](caf::error& error) {
              if (error.category() == caf::atom("system")) // it did not answer at all
                error = caf::make_error(ec::rollout_timeout, render(error));
              change_failed(std::move(error));
            });
  }

  /// After the rollout: does the router say so, too?
  void look_at_change() {
    if (!change_ || !change_->applied)
      return;
    const auto& known = schedule_.known();
    const auto* name = known ? known->find(change_->model) : nullptr;
    if (name == nullptr || known->models.at(*name).ctx_size != change_->wanted.ctx_size)
      return;
    auto finished = std::move(*change_);
    change_.reset();
    schedule_.release(now());
    finished.promise.deliver(*finished.applied);
  }

  void change_failed(caf::error why) {
    auto failed = std::move(*change_);
    change_.reset();
    schedule_.release(now());
    failed.promise.deliver(std::move(why));
    follow();
  }

  // ---- time ----

  void on_tick() {
    if (tick_at_ == 0 || now() < tick_at_)
      return; // an earlier one was wanted after this had been sent off
    tick_at_ = 0;
    for (const auto& again : std::exchange(unresolved_, {}))
      again();
    schedule_.tick(now());
    if (change_ && change_->applied && now() >= change_->due)
      change_failed(caf::make_error(
          ec::rollout_timeout, std::string{"the router does not report the new context size"}));
    if (list_asked_ == 0 && now() - last_list_ >= interval()) {
      ++looks_;
      ask_list();
    }
    follow();
  }

  /// Between two looks at the router. Most changes take a fraction of a second or many seconds.
  time_ns interval() const {
    if (!changing())
      return in_ns(parts_.models.refresh);
    const auto usual = in_ns(parts_.models.poll);
    return looks_ < 16 ? std::min(usual, first_look << looks_) : usual;
  }

  bool changing() const { return schedule_.changing() || change_; }

  void tick_later() {
    auto due = last_list_ + interval();
    if (list_asked_ != 0)
      due = now() + in_ns(parts_.models.refresh); // its answer comes first
    if (const auto wanted = schedule_.due(); wanted != 0)
      due = std::min(due, wanted);
    if (!unresolved_.empty())
      due = now() + in_ns(address_again);
    due = std::max(due, now() + 1'000'000);
    if (tick_at_ != 0 && tick_at_ <= due)
      return; // an earlier one is under way
    tick_at_ = due;
    delayed_send(this, std::chrono::nanoseconds{due - now()}, tick_atom::value);
  }

  void on_settings(const settings_ptr& settings) {
    const auto found = settings->backends.find(parts_.backend.name);
    if (found == settings->backends.end())
      return;
    if (found->second.url != parts_.backend.url) {
      ++router_;
      capacity_known_ = false;
      told_by_router_.reset();
    }
    parts_.backend = found->second;
    parts_.models = settings->models;
    schedule_.set_limits(limits_of(parts_.models, told_by_router_));
    schedule_.tick(now());
    ask_list();
    follow();
  }

  model_manager_parts parts_;
  models::schedule schedule_;
  std::vector<model_desk_actor> desks_; ///< by lane
  model_view_ptr view_;
  profile_map_ptr profiles_;
  std::map<ticket_id, asker> askers_;
  std::map<desk_request, ticket_id> demands_;
  std::map<std::string, http_reply> last_load_;   ///< by model
  std::map<std::string, http_reply> last_unload_; ///< likewise
  std::map<std::string, time_ns> asked_load_;     ///< since when
  std::set<std::string> ready_;
  std::vector<caf::typed_response_promise<http_reply>> list_askers_;
  std::optional<change> change_;
  std::vector<std::function<void()>> unresolved_; ///< calls that wait for an address
  time_ns list_asked_ = 0;                        ///< when the list under way was asked for
  bool list_again_ = false;
  time_ns last_list_ = 0;
  time_ns tick_at_ = 0;
  time_ns listen_from_ = 0;
  bool listening_ = false;
  std::uint64_t stream_ = 0; ///< the event stream that counts
  bool away_ = false;
  bool capacity_known_ = false;
  std::uint64_t router_ = 0; ///< answers to questions before a change of its address do not count
  unsigned looks_ = 0;       ///< at the router, since it was last told to do something
  std::optional<unsigned> told_by_router_;
  std::size_t told_waiting_ = 0;
};

} // namespace

model_manager_actor spawn_model_manager(caf::actor_system& system, model_manager_parts parts) {
  return system.spawn<model_manager>(std::move(parts));
}

} // namespace synapse::actors
