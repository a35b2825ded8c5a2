/// @file
/// What is said about models: their states, who waits for them, their profiles, the runtime they
/// are served with. Plain payloads; what is shared within the process travels as a pointer.
#pragma once

#include "actors/protocol/permit_messages.hpp"

#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace synapse::actors {

// ---- profiles ----

/// One stored setting of a model.
using profile_value = std::variant<std::int64_t, double, std::string>;
/// By field, e.g. "temperature". See actors/models/profiles/profile_schema.hpp for what there is.
using profile_values = std::map<std::string, profile_value, std::less<>>;

struct model_profile {
  std::string updated_at; ///< RFC 3339, UTC
  profile_values values;
  bool operator==(const model_profile&) const = default;
};
/// All stored profiles by model.
using profile_map = std::map<std::string, model_profile, std::less<>>;
using profile_map_ptr = std::shared_ptr<const profile_map>;

/// Changes the profile of one model.
struct put_profile {
  std::string model;
  profile_values set;
  std::vector<std::string> unset; ///< fields that fall back to their default
  bool replace = false;           ///< what is in neither is unset, too

  put_profile() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, put_profile& x) {
  std::vector<std::string> fields;
  for (const auto& [name, value] : x.set)
    fields.push_back(name);
  return f(caf::meta::type_name("put_profile"), x.model, fields, x.unset, x.replace);
}

// ---- who may use a model ----

enum class model_denial : std::uint8_t {
  none,
  unknown_model,      ///< the router has no such model
  loading,            ///< not ready, and the asker did not want to wait
  load_failed,        ///< the router could not load it
  load_timeout,       ///< it did not become ready in time
  wait_timeout,       ///< others kept the router busy for as long as one may wait
  queue_full,         ///< too many wait already
  router_unavailable, ///< the router does not answer
  router_error,       ///< it answers, but nothing that makes sense
  retired,            ///< its backend left the configuration
};

/// A session asks the desk of its thread for its turn with a model.
struct model_request {
  std::uint64_t request = 0; ///< unique within the desk
  std::string model;         ///< as the client wrote it
  bool wait = true;
  /// What is known does not count: the router did not have it although it should. Always waits.
  bool anew = false;

  model_request() = default;
  model_request(std::uint64_t number, std::string name, bool waits, bool asks_anew = false)
      : request(number), model(std::move(name)), wait(waits), anew(asks_anew) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, model_request& x) {
  return f(caf::meta::type_name("model_request"), x.request, x.model, x.wait, x.anew);
}

/// The answer. A granted one counts as a use of the model until the session says that it has ended.
struct model_grant {
  std::uint64_t request = 0;
  model_denial why = model_denial::none;
  std::string model;    ///< name of the entry in the view
  std::string id;       ///< what the router is to be asked for
  std::string detail;   ///< of a denial, for people
  double progress = -1; ///< of a load under way, 0 to 1; negative: not known
  std::uint32_t retry_after_s = 0;
  bool managed = true; ///< false: the server turned out to be no router

  model_grant() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, model_grant& x) {
  return f(caf::meta::type_name("model_grant"), x.request, x.why, x.model, x.id, x.detail,
           x.progress, x.retry_after_s, x.managed);
}

/// The session went away before it saw the answer; a turn granted meanwhile ends.
struct model_abandoned {
  std::uint64_t request = 0;

  model_abandoned() = default;
  explicit model_abandoned(std::uint64_t number) : request(number) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, model_abandoned& x) {
  return f(caf::meta::type_name("model_abandoned"), x.request);
}

/// What every desk knows about a router's models. Immutable, shared.
struct model_view {
  struct entry {
    std::string id;            ///< what the router is to be asked for
    bool open = false;         ///< requests may begin without asking
    std::uint32_t closing = 0; ///< not 0: to be told when the last use has ended, with this number
  };
  /// False until it is known that the server is a router, and when it is none: then requests need
  /// no turn.
  bool known = false;
  bool managed = true;
  bool contended = false; ///< uses are to be told, see `model_usage`
  std::map<std::string, entry, std::less<>> models;
  std::map<std::string, std::string, std::less<>> names; ///< further names → key of `models`
  profile_map_ptr profiles;                              ///< null: none

  /// The stored profile of an entry; null: none.
  const model_profile* profile(std::string_view model) const {
    if (!profiles)
      return nullptr;
    const auto found = profiles->find(model);
    return found == profiles->end() ? nullptr : &found->second;
  }
  /// The entry for a name that a client used; null: none.
  const std::pair<const std::string, entry>* find(std::string_view name) const {
    auto found = models.find(name);
    if (found == models.end())
      if (const auto alias = names.find(name); alias != names.end())
        found = models.find(alias->second);
    return found == models.end() ? nullptr : &*found;
  }
};
using model_view_ptr = std::shared_ptr<const model_view>;

/// A desk passes a session's request on.
struct model_demand {
  std::uint32_t lane = 0;
  std::uint64_t request = 0;
  std::string model;
  bool wait = true;
  bool anew = false; ///< as in the request

  model_demand() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, model_demand& x) {
  return f(caf::meta::type_name("model_demand"), x.lane, x.request, x.model, x.wait, x.anew);
}

/// The one who demanded it has gone.
struct model_demand_gone {
  std::uint32_t lane = 0;
  std::uint64_t request = 0;

  model_demand_gone() = default;
  model_demand_gone(std::uint32_t lane_index, std::uint64_t number)
      : lane(lane_index), request(number) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, model_demand_gone& x) {
  return f(caf::meta::type_name("model_demand_gone"), x.lane, x.request);
}

/// How much a lane uses a model; told while the view is contended.
struct model_usage {
  std::uint32_t lane = 0;
  std::string model;
  std::uint32_t in_use = 0;
  time_ns last_used = 0; ///< when the last use ended or began; 0: never

  model_usage() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, model_usage& x) {
  return f(caf::meta::type_name("model_usage"), x.lane, x.model, x.in_use, x.last_used);
}

/// The last use of a closing model on that lane has ended.
struct model_drained {
  std::uint32_t lane = 0;
  std::string model;
  std::uint32_t closing = 0; ///< the number in the view

  model_drained() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, model_drained& x) {
  return f(caf::meta::type_name("model_drained"), x.lane, x.model, x.closing);
}

/// A request found that a model is not there although it should be.
struct model_suspect {
  std::string model;

  model_suspect() = default;
  explicit model_suspect(std::string name) : model(std::move(name)) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, model_suspect& x) {
  return f(caf::meta::type_name("model_suspect"), x.model);
}

/// Somebody wants a model loaded or unloaded.
struct model_command {
  bool load = true;
  std::string model;

  model_command() = default;
  model_command(bool to_load, std::string name) : load(to_load), model(std::move(name)) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, model_command& x) {
  return f(caf::meta::type_name("model_command"), x.load, x.model);
}

struct model_command_done {
  model_denial why = model_denial::none;
  std::string detail;
  std::uint32_t retry_after_s = 0;
  std::uint16_t status = 0; ///< what the router answered, if it was asked; else 0
  std::string body;
  bool ready = false; ///< the model can be used now

  model_command_done() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, model_command_done& x) {
  return f(caf::meta::type_name("model_command_done"), x.why, x.detail, x.retry_after_s, x.status,
           x.body, x.ready);
}

// ---- the runtime that serves a router's models ----

/// Starts the router with another context size.
struct apply_runtime {
  std::int64_t ctx_size = 0; ///< tokens; the argument `--ctx-size`

  apply_runtime() = default;
  explicit apply_runtime(std::int64_t tokens) : ctx_size(tokens) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, apply_runtime& x) {
  return f(caf::meta::type_name("apply_runtime"), x.ctx_size);
}

struct runtime_applied {
  bool changed = false; ///< false: it was like that already
  std::int64_t generation = 0;

  runtime_applied() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, runtime_applied& x) {
  return f(caf::meta::type_name("runtime_applied"), x.changed, x.generation);
}

} // namespace synapse::actors
