#include "actors/kubernetes/runtime_controller.hpp"

#include "actors/kubernetes/deployment.hpp"
#include "actors/kubernetes/refusal.hpp"
#include "actors/protocol/error.hpp"

#include <caf/result.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace synapse::actors {

namespace {

using std::chrono::milliseconds;
using kind = cluster_reply::kind;

/// Each may take minutes; who comes later has no use for waiting.
constexpr std::size_t most_changes = 16;
/// The Deployment's own controller writes to it, too, while anything is going on.
constexpr unsigned most_conflicts = 5;
constexpr milliseconds longest_pause{30'000};

/// The change that is under way.
struct progress {
  enum class step : std::uint8_t { deciding, following };
  step at = step::deciding;
  unsigned conflicts = 0;
  bool repeated = false;  ///< its one retry is used up
  bool uncertain = false; ///< a patch was sent whose answer is not known
  bool accepted = false;
  std::int64_t generation = 0; ///< the one that is waited for
  std::string seen;            ///< what is being waited for, for people
};

/// Owns the queue of changes; the first one is under way, and each decides by what it finds. All
/// waiting is done by messages to itself, and every answer or message that belongs to a step that
/// is over is dropped by the step's number.
class runtime_controller : public runtime_controller_self::base {
public:
  runtime_controller(caf::actor_config& config, runtime_controller_parts parts)
      : runtime_controller_self::base(config), parts_(std::move(parts)),
        client_(this, std::move(parts_.cluster)) {}
  const char* name() const override { return "runtime_controller"; }

  void on_exit() override {
    client_.close();
    // Promises hold this actor: they have to go in any case.
    for (auto& one : std::exchange(changes_, {}))
      one.promise.deliver(caf::make_error(ec::shutting_down));
  }

  runtime_controller_self::behavior_type make_behavior() override {
    return {
        [this](const apply_runtime& what) { return on_apply(what); },
        [this](check_atom) { return on_check(); },
        [this](check_atom, std::uint64_t step) { on_pause_over(step); },
        [this](tick_atom, std::uint64_t id) { on_expiry(id); },
    };
  }

private:
  struct change {
    std::uint64_t id = 0;
    std::int64_t ctx_size = 0;
    caf::typed_response_promise<runtime_applied> promise;
  };

  std::string target() const {
    return "the Deployment " + parts_.name_space + "/" + parts_.deployment;
  }

  // ---- one after the other ----

  caf::result<runtime_applied> on_apply(const apply_runtime& what) {
    if (changes_.size() >= most_changes)
      return caf::make_error(ec::cluster_refused, std::to_string(changes_.size()) + " changes of " +
                                                      target() + " are waiting already");
    change one;
    one.id = ++last_change_;
    one.ctx_size = what.ctx_size;
    one.promise = make_response_promise<runtime_applied>();
    auto promise = one.promise;
    delayed_send(this, parts_.timeout, tick_atom::value, one.id);
    changes_.push_back(std::move(one));
    if (changes_.size() == 1)
      begin();
    return promise;
  }

  /// Looks at the Deployment and changes nothing.
  caf::result<bool> on_check() {
    auto promise = make_response_promise<bool>();
    cluster_question get;
    get.method = "GET";
    get.name_space = parts_.name_space;
    get.name = parts_.deployment;
    client_.ask(std::move(get), [this, promise](const cluster_reply& reply) mutable {
      if (auto why_not = check(reply))
        promise.deliver(std::move(why_not));
      else
        promise.deliver(true);
    });
    return promise;
  }

  /// @returns no error when the Deployment is one that can be changed.
  caf::error check(const cluster_reply& reply) const {
    if (reply.how != kind::answered || reply.status != 200)
      return caf::make_error(reply.how == kind::not_in_cluster ? ec::not_in_cluster
                                                               : ec::cluster_refused,
                             text_of(reply, "GET"));
    const auto found = kubernetes::parse_deployment(reply.body);
    if (!found)
      return caf::make_error(ec::cluster_refused, "cannot read " + target() + ": " + found.error);
    if (found->find(parts_.container) == nullptr)
      return caf::make_error(ec::cluster_refused, no_container(*found));
    return {};
  }

  void begin() {
    now_ = {};
    look();
  }

  /// Answers the change that is under way and begins the next one.
  template <class Answer>
  void finish(Answer answer) {
    ++step_;
    auto finished = std::move(changes_.front());
    changes_.pop_front();
    finished.promise.deliver(std::move(answer));
    if (!changes_.empty())
      begin();
  }

  void fail(ec code, std::string text) {
    if (now_.accepted)
      text += "; --ctx-size " + std::to_string(changes_.front().ctx_size) +
              " had been accepted before that";
    parts_.report(std::string{describe(code)} + ": " + text);
    finish(caf::make_error(code, std::move(text)));
  }

  void on_expiry(std::uint64_t id) {
    const auto limit = config::format_duration(parts_.timeout);
    const auto found = std::find_if(changes_.begin(), changes_.end(),
                                    [&](const change& one) { return one.id == id; });
    if (found == changes_.end())
      return;
    if (found != changes_.begin()) {
      found->promise.deliver(caf::make_error(
          ec::rollout_timeout, "an earlier change of " + target() + " took all of the " + limit +
                                   " that this one may take"));
      changes_.erase(found);
      return;
    }
    fail(ec::rollout_timeout,
         target() + " was not ready within " + limit + ": " +
             (now_.seen.empty() ? std::string{"the Kubernetes API has not answered"} : now_.seen));
  }

  // ---- steps ----

  /// Looks at the Deployment, to decide or to follow the rollout.
  void look() {
    cluster_question get;
    get.method = "GET";
    ask(std::move(get), [this](cluster_reply reply) { on_look(std::move(reply)); });
  }

  void ask(cluster_question what, cluster_client::callback then) {
    what.name_space = parts_.name_space;
    what.name = parts_.deployment;
    client_.ask(std::move(what),
                [this, step = ++step_, then = std::move(then)](cluster_reply reply) {
                  if (step == step_)
                    then(std::move(reply));
                });
  }

  void on_pause_over(std::uint64_t step) {
    if (step == step_)
      look();
  }

  void look_again_in(milliseconds pause) { delayed_send(this, pause, check_atom::value, ++step_); }

  milliseconds pause_after(const cluster_reply& reply) const {
    const milliseconds asked = std::chrono::seconds{kubernetes::retry_after_seconds(reply.body)};
    return std::clamp(asked, parts_.poll_interval, std::max(longest_pause, parts_.poll_interval));
  }

  void on_look(cluster_reply reply) {
    const bool following = now_.at == progress::step::following;
    if (reply.how == kind::answered && reply.status == 200) {
      const auto found = kubernetes::parse_deployment(reply.body);
      if (found && following)
        return follow(*found);
      if (found)
        return decide(*found);
      reply.how = kind::lost;
      reply.problem = "cannot read " + target() + ": " + found.error;
    }
    const bool refused = reply.how == kind::answered;
    const bool passing = refused && kubernetes::is_transient(reply.status);
    if (following && (passing || !refused)) {
      // It goes on without us being able to see it.
      now_.seen = text_of(reply, "get");
      return look_again_in(pause_after(reply));
    }
    if (passing && !std::exchange(now_.repeated, true))
      return look_again_in(pause_after(reply));
    give_up(reply, "get");
  }

  void decide(const kubernetes::deployment& found) {
    const auto wanted = changes_.front().ctx_size;
    const auto* container = found.find(parts_.container);
    if (container == nullptr)
      return fail(ec::cluster_refused, no_container(found));
    const auto current = context_size_of(*container);
    if (current == wanted) {
      now_.accepted = now_.uncertain;
      now_.generation = found.generation;
      now_.at = progress::step::following;
      return follow(found);
    }
    const auto args = kubernetes::with_context_size(container->args, container->command, wanted);
    if (!args)
      return fail(ec::cluster_refused, "cannot change the container " + parts_.container + " of " +
                                           target() + ": " + args.error);
    cluster_question patch;
    patch.method = "PATCH";
    patch.patch = kubernetes::args_patch(found.resource_version, container->name, *args);
    ask(std::move(patch),
        [this, current](cluster_reply reply) { on_patch(std::move(reply), current); });
  }

  void on_patch(cluster_reply reply, std::optional<std::int64_t> before) {
    if (reply.how == kind::answered && reply.status == 200) {
      const auto made = kubernetes::parse_deployment(reply.body);
      if (made) {
        now_.accepted = true;
        now_.generation = made->generation;
        now_.at = progress::step::following;
        parts_.note(target() + ": --ctx-size " +
                    (before ? std::to_string(*before) : std::string{"(none)"}) + " becomes " +
                    std::to_string(changes_.front().ctx_size));
        return follow(*made);
      }
      reply.how = kind::lost;
      reply.problem = "cannot read what has become of " + target() + ": " + made.error;
    }
    const bool refused = reply.how == kind::answered;
    if (refused && reply.status == 409 && ++now_.conflicts < most_conflicts)
      return look_again_in(parts_.poll_interval / 10 * now_.conflicts);
    // What is not known to have failed may have been done: the next look tells.
    const bool unknown = reply.how == kind::lost || (refused && reply.status >= 500);
    now_.uncertain = now_.uncertain || unknown;
    const bool passing = unknown || (refused && kubernetes::is_transient(reply.status));
    if (passing && !std::exchange(now_.repeated, true))
      return look_again_in(pause_after(reply));
    give_up(reply, "patch");
  }

  void follow(const kubernetes::deployment& found) {
    const auto wanted = changes_.front().ctx_size;
    const auto* container = found.find(parts_.container);
    const auto current = container == nullptr ? std::nullopt : context_size_of(*container);
    if (found.generation >= now_.generation && current != wanted)
      return fail(ec::rollout_failed,
                  "somebody else has changed " + target() + " meanwhile: its --ctx-size is " +
                      (current ? std::to_string(*current) : std::string{"gone"}));
    const auto how = kubernetes::judge_rollout(found);
    // An answer from before the change tells nothing about it.
    if (found.generation < now_.generation || how.state == kubernetes::rollout_state::waiting) {
      now_.seen = how.text;
      return look_again_in(parts_.poll_interval);
    }
    if (how.state == kubernetes::rollout_state::failed)
      return fail(ec::rollout_failed, target() + ": " + how.text);
    runtime_applied result;
    result.changed = now_.accepted;
    result.generation = found.generation;
    if (result.changed)
      parts_.note(target() + " runs with --ctx-size " + std::to_string(wanted));
    finish(result);
  }

  // ---- words ----

  static std::optional<std::int64_t> context_size_of(const kubernetes::container& which) {
    // Arguments come behind the command, and the last one counts.
    const auto size = kubernetes::context_size(which.args);
    return size ? size : kubernetes::context_size(which.command);
  }

  std::string no_container(const kubernetes::deployment& found) const {
    std::string names;
    for (const auto& one : found.containers)
      names += (names.empty() ? "" : ", ") + one.name;
    return target() + " has no container " + parts_.container + " but " +
           (names.empty() ? "none at all" : names) + " (check SYNAPSE_LLAMA_ROUTER_CONTAINER_NAME)";
  }

  std::string text_of(const cluster_reply& reply, std::string_view verb) const {
    if (reply.how != kind::answered)
      return reply.problem;
    return kubernetes::describe_refusal(
        {verb, parts_.name_space, parts_.deployment, client_.account_directory()}, reply.status,
        reply.body);
  }

  void give_up(const cluster_reply& reply, std::string_view verb) {
    auto text = text_of(reply, verb);
    if (reply.status == 409)
      text += ", " + std::to_string(now_.conflicts) + " times in a row";
    fail(reply.how == kind::not_in_cluster ? ec::not_in_cluster : ec::cluster_refused,
         std::move(text));
  }

  runtime_controller_parts parts_;
  cluster_client client_;
  std::deque<change> changes_; ///< the first one is under way
  std::uint64_t last_change_ = 0;
  progress now_;
  std::uint64_t step_ = 0;
};

} // namespace

runtime_controller_actor spawn_runtime_controller(caf::actor_system& system,
                                                  runtime_controller_parts parts) {
  return system.spawn<runtime_controller>(std::move(parts));
}

} // namespace synapse::actors
