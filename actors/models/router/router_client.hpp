/// @file
/// What the gateway says to a llama.cpp router, and what the answers mean.
#pragma once

#include "actors/models/router/catalog.hpp"
#include "actors/models/router/router_words.hpp"
#include "actors/protocol/actor_interfaces.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {

struct router_client_parts {
  config::backend_url url;
  backend_actor control; ///< knows the router's addresses
  http_link_actor link;  ///< to the router
  std::string bearer;    ///< the backend's own key; never logged
  std::string key_field; ///< what its field line begins with
  /// The router said no, and meant it. @param what such as "to unload a".
  std::function<void(const std::string& what, const std::string& why)> refused = [](auto&, auto&) {
  };
  /// A call waits for an address: `try_again` is wanted after `router_client::address_again`.
  std::function<void()> address_wanted = [] {};
};

/// What came of a question for the list.
struct router_listing {
  enum class kind : std::uint8_t {
    listed,   ///< see `list`
    outdated, ///< the router was asked where it is configured no more: ask again
    gone,     ///< nobody listens there, so that it has lost its models
    silent,   ///< no answer, or not yet
    garbage,  ///< no list; maybe somebody else's page while the router is being restarted
    refused,  ///< it will not give one
  };
  kind how = kind::silent;
  std::optional<models::catalog> list; ///< of a server that is no router an empty one
  std::string problem;                 ///< why there is no list, for people
  http_reply reply;                    ///< as it came; of `outdated` nothing is told
};

/// Part of an actor and used on its thread only: the calls with their time limits. Decides nothing.
/// Every `then` is called in every case but the actor's end, never before the call returns. Lists
/// and numbers of models that come from an earlier address are said to be outdated.
class router_client {
public:
  using answered = std::function<void(const http_reply& reply, models::router_word word)>;
  using listed = std::function<void(router_listing found)>;
  using learned = std::function<void(bool outdated)>;

  /// Between looks whether the backend's name is resolved, when it has just been started.
  static constexpr std::chrono::milliseconds address_again{50};

  router_client(model_manager_actor::pointer self, router_client_parts parts)
      : self_(self), parts_(std::move(parts)) {}
  router_client(const router_client&) = delete;
  router_client& operator=(const router_client&) = delete;

  // ---- questions and commands ----

  void list(listed then);
  /// Asks how many models the router holds; `capacity` has it then.
  void learn_capacity(learned then);
  /// @param id what the router wants to be asked for.
  void load(const std::string& id, answered then);
  /// @param model its name for people.
  void unload(const std::string& id, const std::string& model, answered then);
  /// Has the router's events sent to the actor, unless they are, or the stream has just ended.
  void listen();

  // ---- what it has said about itself ----

  /// What `learn_capacity` has found counts for the router that is there now.
  bool capacity_known() const noexcept { return capacity_known_; }
  /// Nothing when it does not say, as older ones do.
  std::optional<unsigned> capacity() const noexcept { return capacity_; }

  // ---- where it is ----

  /// The settings say where the router is and how it wants its key. At another address another one
  /// is met: answers that are under way from the old one are outdated.
  void move_to(const config::backend_settings& router);
  /// Another way to it. A stream of events that is under way does not count any more; `listen`
  /// opens another one.
  void use(http_link_actor link, std::string bearer);
  /// Calls wait for an address, see `address_wanted`.
  bool wants_address() const noexcept { return !unresolved_.empty(); }
  /// Begins the calls anew that found no address.
  void try_again();

  /// The router answers again: tells the backend's actor.
  void report_return() { self_->send(parts_.control, return_atom::value); }

  /// The actor ends: drops handles and calls, so that nothing keeps anything else alive.
  void let_go();

private:
  struct call {
    http_call what;
    std::chrono::milliseconds limit{0};
    time_ns since = 0;
    std::function<void(const http_reply&)> then;
  };
  using call_ptr = std::shared_ptr<call>;

  void begin(http_call what, std::chrono::milliseconds limit,
             std::function<void(const http_reply&)> then);
  void find_address(const call_ptr& one);
  void on_address(const call_ptr& one, const backend_snapshot& state);
  void command(models::management_call what, const std::string& id, answered then);
  router_listing understand_list(const http_reply& reply);
  void understand_props(const http_reply& reply);
  void note_refusal(const std::string& what, const http_reply& reply,
                    const models::router_word& word);

  model_manager_actor::pointer self_;
  router_client_parts parts_;
  std::vector<call_ptr> unresolved_;
  std::uint64_t address_ = 0; ///< goes up when the router is configured elsewhere
  bool capacity_known_ = false;
  std::optional<unsigned> capacity_;
  std::uint64_t stream_ = 0; ///< the event stream that counts
  bool listening_ = false;
  time_ns listen_from_ = 0;
};

} // namespace synapse::actors
